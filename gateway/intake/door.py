"""The system key's door: `Authorization: Bearer KEY` → who calls, with which Idempotency-Key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from approval_core.clients.queries import ClientCard, authenticate, has
from approval_core.errors import Forbidden, Invalid
from approval_core.people.actor import Actor
from web.deps import Now, StoreDep

LONGEST_KEY = 200

_bearer = HTTPBearer(
    auto_error=False, scheme_name="systemKey", description="The key that `pishi clients add` printed."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A system with a live key and the scope that the route asks for."""

    card: ClientCard

    @property
    def actor(self) -> Actor:
        return Actor(kind="client", name=self.card.name, client_id=self.card.id)


def _with_scope(scope: str) -> Callable[..., Awaitable[Caller]]:
    async def caller(
        request: Request,
        store: StoreDep,
        now: Now,
        given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        if len(request.headers.getlist("authorization")) > 1:
            raise Invalid("two_keys", "give one Authorization header")
        if given is None or not given.credentials:
            raise Forbidden("no_key", "give your key as Authorization: Bearer KEY")
        card = await store.aread(authenticate, given.credentials, now=now)
        if not has(card, scope):
            raise Forbidden("no_scope", f"your key does not have the scope {scope}", scope=scope)
        return Caller(card)

    return caller


def _idempotency_key(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="1–200 printable characters; repeated with the same request it brings back the first answer.",
        ),
    ] = None,
) -> str | None:
    if key is None:
        return None
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise Invalid("bad_idempotency_key", "give one Idempotency-Key")
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(
            "bad_idempotency_key", f"an Idempotency-Key is 1 to {LONGEST_KEY} printable ASCII characters"
        )
    return key


ApprovalsCaller = Annotated[Caller, Depends(_with_scope("approvals"))]
IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]
