"""The gate before every route: which rule, which zone, who. What no rule names is closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from fastapi import Request, Response

from approval_core.errors import Forbidden, Invalid
from approval_core.people.accounts import queries, service
from approval_core.people.accounts.rules import csrf_of
from approval_core.people.accounts.settings import AccountSettings
from approval_core.store import Store
from web.deps import Now, StoreDep
from web.permissions import OF_PERSONS, Permissions, Rule, roles_of
from web.signin import PersonHere, check_csrf, source_of, token_of
from web.zones import Zone, ZoneMap

SEEN_AGAIN_AFTER = timedelta(minutes=1)  # a write a minute and session, not one a request


async def gate(request: Request, response: Response, store: StoreDep, now: Now) -> None:
    """Of the whole application. Leaves `request.state.person` on the routes of persons."""
    state = request.app.state
    rule = cast(Permissions, state.permissions).get((request.method, request.scope["route"].path_format))
    if rule is None:
        raise Forbidden("closed", "no rule admits anybody to this route")
    zone = cast(ZoneMap, state.zones).zone_of(source_of(request))
    token = token_of(request)
    by_key = "authorization" in request.headers
    if token is not None and by_key:
        raise Invalid("two_credentials", "give the session or a key, not both")
    if "public" in rule.zones:
        if zone not in rule.zones["public"]:
            raise _not_from_here(zone)
        return
    if "client" in rule.zones and (by_key or not OF_PERSONS & rule.zones.keys()):
        if zone not in rule.zones["client"]:
            raise _not_from_here(zone)
        return  # the key itself is looked at behind this gate
    here = await _person(store, state.accounts, token, zone, now)
    if here is None or token is None:
        raise Forbidden("no_session", "sign in first")
    request.state.person = here
    response.headers["Cache-Control"] = "no-store"
    _judge(rule, here)
    check_csrf(request, token)
    if now - here.session.seen_at > SEEN_AGAIN_AFTER:
        await store.awrite(service.seen_again, here.session.id, now=now)


async def _person(
    store: Store, settings: AccountSettings, token: str | None, zone: Zone, now: datetime
) -> PersonHere | None:
    if token is None:
        return None
    session = await store.aread(queries.session_of, token, idle=settings.idle, now=now)
    if session is None:
        return None
    roles = roles_of(session.grants, is_secretary=session.is_secretary)
    return PersonHere(session, roles, zone, csrf_of(token))


def _judge(rule: Rule, here: PersonHere) -> None:
    if not rule.admits(here.roles, here.zone):
        if rule.knows(here.roles):
            raise _not_from_here(here.zone)
        raise Forbidden("not_your_role", "this is not for your role", roles=sorted(here.roles))
    if here.session.must_change and not rule.password_due:
        raise Forbidden("password_due", "choose a new password first")


def _not_from_here(zone: Zone) -> Forbidden:
    return Forbidden("not_from_here", "this cannot be done from where you are", zone=zone)
