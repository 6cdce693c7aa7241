"""What the routes have in common: numbers and cursors in an address, who looks, and an action that may come too late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator

from approval_core.errors import Conflict
from approval_core.store import Store, Tx
from mobile_api.queries import Viewer
from web.signin import PersonHere
from web.texts import clean

T = TypeVar("T")
P = ParamSpec("P")

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
InPath = Annotated[str, Path(min_length=1, max_length=200), AfterValidator(clean)]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]
Wanted = Annotated[
    str | None,
    Query(min_length=1, max_length=200),
    AfterValidator(lambda one: None if one is None else clean(one)),
]


def viewer_of(here: PersonHere) -> Viewer:
    return Viewer(here.id, here.roles)


async def attempt(
    store: Store,
    state_of: Callable[[Tx, int], dict[str, Any] | None],
    number: int,
    work: Callable[Concatenate[Tx, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """What was done; a Conflict goes on with `current`, how things stand now."""
    try:
        return await store.awrite(work, *args, **kwargs)
    except Conflict as refusal:
        refusal.data["current"] = await store.aread(state_of, number)
        raise
