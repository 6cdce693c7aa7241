"""The cookie door: who sits at this browser. It leaves a `PersonHere` on the request, and the Actor and Evidence of what he does."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated, cast

from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyCookie, APIKeyHeader

from approval_core.errors import Forbidden
from approval_core.people.accounts.queries import LiveSession
from approval_core.people.accounts.rules import csrf_of
from approval_core.people.accounts.settings import AccountSettings
from approval_core.people.actor import Actor, Evidence
from web.passwords import PasswordDesk
from web.permissions import Role
from web.zones import Zone

COOKIE = "pishi_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_TOKEN = 200

#: What a session is worth as evidence. A password and a cookie, both of which can be carried off: AL2, whatever the
#: zone. Nothing that comes over this door lifts it: AL3 needs a key of the person's own device, AL4 the person at it.
SESSION_LEVEL = 2


@dataclass(frozen=True, slots=True)
class PersonHere:
    """The signed-in person of this request."""

    session: LiveSession
    roles: frozenset[Role]
    zone: Zone
    csrf: str

    @property
    def id(self) -> int:
        return self.session.person_id

    @property
    def actor(self) -> Actor:
        return Actor(kind="person", name=self.session.account, person_id=self.session.person_id)

    @property
    def evidence(self) -> Evidence:
        return Evidence(channel="web", level=SESSION_LEVEL, ref=f"session:{self.session.id}")


# For the document of the API only: the gate has looked at both before any route runs.
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="session", description="Set by `POST /api/v1/sign-in`.")  # fmt: skip
_csrf = APIKeyHeader(name=CSRF_HEADER, auto_error=False, scheme_name="csrf", description="`csrf` of sign-in and of `GET /api/v1/me`, with every POST, PUT and DELETE.")  # fmt: skip


def _person(
    request: Request,
    _: Annotated[str | None, Security(_cookie)],
) -> PersonHere:
    here = getattr(request.state, "person", None)
    if here is None:
        raise Forbidden("no_session", "sign in first")
    return cast(PersonHere, here)


def _acting(
    here: Annotated[PersonHere, Depends(_person)], _: Annotated[str | None, Security(_csrf)]
) -> PersonHere:
    return here


def _actor(here: Annotated[PersonHere, Depends(_acting)]) -> Actor:
    return here.actor


def _desk(request: Request) -> PasswordDesk:
    return cast(PasswordDesk, request.app.state.passwords)


PersonDep = Annotated[PersonHere, Depends(_person)]
#: the same, for routes that change something: the document then names the CSRF header
ActingDep = Annotated[PersonHere, Depends(_acting)]
ActorDep = Annotated[Actor, Depends(_actor)]
PasswordsDep = Annotated[PasswordDesk, Depends(_desk)]


def token_of(request: Request) -> str | None:
    token = request.cookies.get(COOKIE)
    return token if token and len(token) <= LONGEST_TOKEN and token.isascii() else None


def check_csrf(request: Request, token: str) -> None:
    given = request.headers.get(CSRF_HEADER, "")
    if request.method not in SAFE and not compare_digest(
        given.encode("utf-8", "replace"), csrf_of(token).encode()
    ):
        raise Forbidden("bad_csrf", f"send the csrf of GET /api/v1/me as {CSRF_HEADER}")


def source_of(request: Request) -> str:
    return request.client.host if request.client else ""


def give_cookie(request: Request, response: Response, token: str, settings: AccountSettings) -> None:
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="lax", secure=_secure(request, settings), path="/"
    )


def take_cookie(request: Request, response: Response, settings: AccountSettings) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_secure(request, settings), path="/")


def _secure(request: Request, settings: AccountSettings) -> bool:
    return settings.secure_cookie or request.url.scheme == "https"
