"""Which grants let somebody step into a flow that is not his."""

from __future__ import annotations

from collections.abc import Collection

#: The flow administrator: terminates, jumps, decides in another's place, reassigns.
OPERATOR = "operator"
#: Whoever keeps the people's files may empty a leaver's desk as well.
DESK_CLEARERS = frozenset({OPERATOR, "hr", "hr_clerk"})


def may_run_flows(grants: Collection[str]) -> bool:
    return OPERATOR in grants


def may_clear_desks(grants: Collection[str]) -> bool:
    return not DESK_CLEARERS.isdisjoint(grants)
