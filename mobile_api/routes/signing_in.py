"""`POST /sign-in`, `POST /sign-out`."""

from __future__ import annotations

import secrets
from typing import cast

from fastapi import APIRouter, Request, Response

from approval_core.errors import Forbidden
from approval_core.people.accounts import queries, service
from approval_core.people.accounts.rules import csrf_of
from approval_core.people.accounts.service import Knock, Refused
from approval_core.people.accounts.settings import AccountSettings
from approval_core.people.actor import Actor
from mobile_api.schemas.account import SignedInOut, SignInIn
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PasswordsDep, give_cookie, source_of, take_cookie, token_of

router = APIRouter(prefix="/api/v1", tags=["account"])

TOLD = {
    "wrong": ("bad_sign_in", "account or password is wrong"),
    "changed": ("bad_sign_in", "account or password is wrong"),
    "barred": ("barred", "this account is locked; ask the administrator"),
    "locked": ("locked", "too many wrong passwords; try again later"),
}


@router.post("/sign-in", responses=problems(), summary="Account and password for a session")
async def sign_in(
    body: SignInIn, request: Request, response: Response, store: StoreDep, desk: PasswordsDep, now: Now
) -> SignedInOut:
    """Sets the session cookie. Five wrong passwords lock the account, each time for twice as long."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden("other_site", "sign in on a page of this office")
    seen = await store.aread(queries.standing_of, body.account, now=now)
    fits, newer = False, None
    if seen.locked_until is None:
        fits = await desk.fits(seen.hash, body.password)
        newer = await desk.hash(body.password) if fits and desk.outdated(seen.hash) else None
    token = secrets.token_urlsafe(32)
    found = await store.awrite(
        service.record_sign_in,
        seen,
        fits=fits,
        new_hash=newer,
        token=token,
        knock=knock_of(request),
        settings=desk.settings,
        now=now,
    )
    if isinstance(found, Refused):
        raise refusal(found)
    await _end_the_one_before(request, store, found.session_id, now)
    give_cookie(request, response, token, desk.settings)
    response.headers["Cache-Control"] = "no-store"
    return SignedInOut(
        account=seen.account,
        name=seen.name,
        csrf=csrf_of(token),
        must_change=seen.must_change,
        expires_at=found.expires_at,
        idle_minutes=desk.settings.idle_minutes,
    )


@router.post("/sign-out", status_code=204, responses=problems(), summary="End this session")
async def sign_out(request: Request, here: ActingDep, store: StoreDep, now: Now) -> Response:
    await store.awrite(service.sign_out, here.session.id, actor=here.actor, now=now)
    response = Response(status_code=204)
    take_cookie(request, response, cast(AccountSettings, request.app.state.accounts))
    return response


def knock_of(request: Request) -> Knock:
    agent = request.headers.get("user-agent", "")
    return Knock("web", source_of(request), agent.encode("ascii", "replace").decode().replace("\x00", ""))


def refusal(found: Refused) -> Forbidden:
    code, said = TOLD[found.why]
    return Forbidden(code, said, **({"until": found.locked_until} if found.locked_until else {}))


async def _end_the_one_before(request: Request, store: StoreDep, new_session: int, now: Now) -> None:
    """This browser has one session: the cookie it came with is worth nothing any more."""
    token, settings = token_of(request), cast(AccountSettings, request.app.state.accounts)
    before = await store.aread(queries.session_of, token, idle=settings.idle, now=now) if token else None
    if before is not None and before.id != new_session:
        whose = Actor(kind="person", name=before.account, person_id=before.person_id)
        await store.awrite(service.sign_out, before.id, why="replaced", actor=whose, now=now)
