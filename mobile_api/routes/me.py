"""`GET /me`, `POST /me/password`."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response

from approval_core.errors import Forbidden
from approval_core.people import queries as people
from approval_core.people.accounts import queries, service
from approval_core.people.accounts.rules import check_password, normal, refuse
from approval_core.store import Tx
from mobile_api import lists
from mobile_api.routes.signing_in import knock_of, refusal
from mobile_api.schemas.account import LeaderOut, MeOut, PasswordIn
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PasswordsDep, PersonDep, PersonHere

router = APIRouter(prefix="/api/v1/me", tags=["account"])


@router.get("", responses=problems(), summary="Who I am here, and what I may")
async def me(here: PersonDep, store: StoreDep, desk: PasswordsDep, now: Now) -> MeOut:
    return await store.aread(_me, here, idle_minutes=desk.settings.idle_minutes, now=now)


@router.post("/password", status_code=204, responses=problems(409), summary="Choose a new password")
async def change_password(
    body: PasswordIn, request: Request, here: ActingDep, store: StoreDep, desk: PasswordsDep, now: Now
) -> Response:
    """Every other session of mine ends. A wrong `current` counts as a failed sign-in."""
    seen = await store.aread(queries.standing_of, here.session.account, now=now)
    if seen.locked_until is not None:
        raise refusal(service.Refused("locked", seen.locked_until))
    least = desk.settings.shortest_password
    check_password(body.new, account=seen.account, name=seen.name, least=least)
    if normal(body.new) == normal(body.current):
        refuse("unchanged")
    if not await desk.fits(seen.hash, body.current):
        failed = await store.awrite(
            service.record_failure, seen, knock=knock_of(request), settings=desk.settings, now=now
        )
        raise refusal(failed) if failed.why == "locked" else Forbidden("wrong_password", "it is not this")
    await store.awrite(
        service.change_password,
        here.id,
        seen_hash=seen.hash,
        new_hash=await desk.hash(body.new),
        keep_session=here.session.id,
        actor=here.actor,
        now=now,
    )
    return Response(status_code=204)


def _me(tx: Tx, here: PersonHere, *, idle_minutes: int, now: datetime) -> MeOut:
    card = people.person_by_id(tx, here.id, now=now)
    leaders = people.leaders_of(tx, here.id, now) if here.session.is_secretary else []
    return MeOut(
        id=card.id,
        account=card.account,
        name=card.name,
        rank=card.rank,
        posts=card.posts,
        units=card.units,
        places=lists.units_of(tx, card.unit_ids),
        roles=sorted(here.roles | here.session.grants),
        zone=here.zone,
        leaders=[LeaderOut(account=one.account, name=one.name, posts=one.posts) for one in leaders],
        csrf=here.csrf,
        must_change=here.session.must_change,
        expires_at=here.session.expires_at,
        idle_minutes=idle_minutes,
    )
