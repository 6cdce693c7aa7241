"""What the effective decisions of a step mean for the step (F1–F4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["open", "approved", "rejected", "returned"]

VERDICTS = ("approve", "reject", "return")


@dataclass(frozen=True, slots=True)
class Vote:
    """One task of the step and what was effectively decided on it (None: nothing yet)."""

    weight: int
    verdict: str | None


def outcome(
    mode: str, votes: Sequence[Vote], *, threshold: int | None = None, collect_all: bool = False
) -> Outcome:
    """`open` as long as the step is not settled.

    A return settles any step. `any`: the first decision. `all`, `sequence`: the first rejection (with `collect_all`, a
    rejection when everybody has spoken), or every approval; nobody left to ask approves nothing. `vote`: approved when the approving weight reaches `threshold` percent of all weight, rejected as soon as it
    no longer can; a tie below the threshold fails.
    """
    verdicts = [vote.verdict for vote in votes]
    if "return" in verdicts:
        return "returned"
    if mode == "vote":
        return _vote(votes, threshold or 100)
    if mode == "any":
        decided = [verdict for verdict in verdicts if verdict]
        return "open" if not decided else ("approved" if "approve" in decided else "rejected")
    if "reject" in verdicts and not (collect_all and None in verdicts):
        return "rejected"
    return "approved" if verdicts and all(verdict == "approve" for verdict in verdicts) else "open"


def _vote(votes: Sequence[Vote], threshold: int) -> Outcome:
    total = sum(vote.weight for vote in votes)
    if not total:
        return "open"
    needed = threshold * total
    approving = sum(vote.weight for vote in votes if vote.verdict == "approve")
    refusing = sum(vote.weight for vote in votes if vote.verdict == "reject")
    if approving * 100 >= needed:
        return "approved"
    return "rejected" if (total - refusing) * 100 < needed else "open"


def effect_of(verdict: str, on_reject: str) -> Literal["approved", "rejected", "returned"]:
    """What one person's verdict leads to when it stands alone; the words of his receipt follow it."""
    if verdict == "approve":
        return "approved"
    return "returned" if verdict == "return" or on_reject == "return" else "rejected"


def closing_state(settled: Outcome, on_reject: str) -> Literal["approved", "rejected", "returned"]:
    """The state of the request when its step settled as `settled` and no step follows (or it was refused)."""
    if settled == "approved":
        return "approved"
    return "returned" if settled == "returned" or on_reject == "return" else "rejected"
