"""Whose handset a visitor means."""

from __future__ import annotations

from collections.abc import Sequence

from approval_core.people.queries import Handset

SHOWN = 12


def meant(handsets: Sequence[Handset], who: str) -> list[Handset]:
    """By account or number exactly, else by any part of account, name, post or number; empty: nobody fits."""
    wanted = who.strip().casefold()
    exact = [one for one in handsets if wanted in (one.account.casefold(), one.number)]
    if exact or not wanted:
        return exact
    return [
        one
        for one in handsets
        if any(wanted in part.casefold() for part in (one.account, one.name, one.title, one.number))
    ]
