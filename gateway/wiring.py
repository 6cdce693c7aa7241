"""Who handles what: dicts only. Nothing registers itself on import; look here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from fastapi import APIRouter

from approval_core import forecast
from approval_core.approvals import deadlines, proxying
from approval_core.approvals import service as approvals
from approval_core.notices import ladder
from approval_core.outbound import Outbound
from approval_core.outbox import Reaction, Reactions
from approval_core.store import Tx
from approval_core.timers import TimerHandler
from gateway.intake import reactions as intake
from gateway.intake.models import OutboundCallback
from gateway.intake.routes import router as intake_router
from gateway.settings import Settings
from mobile_api.routes import ROUTERS as PERSON_ROUTERS
from sms_modem import reactions as sms_reactions
from sms_modem import undelivered
from sms_modem.models import OutboundSms

#: what leaves the house, by the name that metrics and the command line use
QUEUES: Mapping[str, type[Outbound]] = {"sms": OutboundSms, "callbacks": OutboundCallback}

#: timer handler → function
TIMERS: Mapping[str, TimerHandler] = {
    "hold_end": approvals.on_hold_end,
    "expiry": approvals.on_expiry,
    "deadline": approvals.on_deadline,
    "ladder": ladder.on_rung(deadlines.held_of),
    "standing": proxying.on_standing,
    forecast.HANDLER: forecast.on_evening,
    undelivered.HANDLER: undelivered.on_time,
}

#: what a worker does once when it starts: the timers that set themselves again need a first one
BEGINNINGS: tuple[Callable[[Tx, datetime], None], ...] = (forecast.begin,)


def reactions(settings: Settings) -> Reactions:
    """Event type → {stable name → reaction}. A name never changes: rows that wait bear it."""
    attempts = settings.callbacks.max_attempts
    packages: tuple[Reactions, ...] = (
        {
            "approval.effective": {"callback": intake.call_back(attempts)},
            "approval.closed": {"callback": intake.call_back_undecided(attempts)},
            "approval.taken_back": {"callback": intake.call_back(attempts)},
            "task.overdue_rung": {"deadline": deadlines.on_overdue_rung},
        },
        sms_reactions.reactions(settings.sms_rules),
    )
    table: dict[str, dict[str, Reaction]] = {}
    for package in packages:
        for event, named in package.items():
            table.setdefault(event, {}).update(named)
    return table


def routers(settings: Settings) -> list[APIRouter]:
    """The doors. The demo's are absent outside the demo, not only closed."""
    from gateway.person import receipts, sms  # these look at the tables above

    found = [intake_router, *PERSON_ROUTERS, sms.router, receipts.router]
    if settings.demo:
        from gateway.demo.routes import router as demo_router

        found.append(demo_router)
    return found
