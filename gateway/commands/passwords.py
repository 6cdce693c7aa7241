"""Passwords on the command line: made, or typed twice without being shown."""

from __future__ import annotations

import secrets

import typer

# no letter or digit that is taken for another when read aloud
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def one_time_password() -> str:
    """Four groups of five: 99 bits, easily read from a slip of paper."""
    return "-".join("".join(secrets.choice(SIGNS) for _ in range(5)) for _ in range(4))


def typed_password(account: str, name: str, least: int) -> str:
    from approval_core.people.accounts.rules import check_password

    password: str = typer.prompt(
        f"Password of {account}", hide_input=True, confirmation_prompt=True, err=True
    )
    check_password(password, account=account, name=name, least=least)
    return password
