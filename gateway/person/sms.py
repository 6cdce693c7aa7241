"""`/requests/ID/sms`, `/prompts/ID/resend`, `/queues/…`: what the SMS of a matter did, and what waits to go out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from fastapi import APIRouter, Request, Response

from approval_core import audit, outbound
from approval_core.people import queries as people
from approval_core.people.actor import Actor
from approval_core.store import Tx
from gateway.person.schemas import ResentOut, SmsListOut, SmsOut, StuckListOut, StuckOut
from gateway.settings import Settings
from gateway.trail import outgoing
from gateway.wiring import QUEUES
from mobile_api.attempts import Id, viewer_of
from mobile_api.queries import KEEPERS, Viewer, must_see
from sms_modem import queries, resending
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import ActingDep, PersonDep

router = APIRouter(prefix="/api/v1", tags=["sms"])
Queue = Literal["sms", "callbacks"]
LONGEST_LIST = 200


@router.get("/requests/{request_id}/sms", responses=problems(404), summary="What its SMS did")
async def standing(request_id: Id, here: PersonDep, store: StoreDep, now: Now) -> SmsListOut:
    """Sent, delivered, answered: of my own questions and those of the leaders whose secretary I am; of all for operators."""
    return SmsListOut(items=await store.aread(_standing, request_id, viewer=viewer_of(here), now=now))


@router.post(
    "/prompts/{prompt_id}/resend", responses=problems(404, 409), summary="Send a leader's question once more"
)
async def resend(prompt_id: Id, request: Request, here: ActingDep, store: StoreDep, now: Now) -> ResentOut:
    """The same code, and not often: 409 `resend_limit` with `next_at`."""
    settings = cast(Settings, request.app.state.settings).sms_rules
    number = await store.awrite(
        resending.resend_prompt, prompt_id, actor=here.actor, settings=settings, now=now
    )
    return ResentOut(sms_id=number)


@router.get("/queues/{queue}", responses=problems(), summary="What was given up and needs an operator")
async def stuck(queue: Queue, here: PersonDep, store: StoreDep) -> StuckListOut:  # noqa: ARG001  # the table knows who
    return StuckListOut(items=await store.aread(_stuck, queue))


@router.post(
    "/queues/{queue}/{number}/resend", status_code=204, responses=problems(404, 409), summary="Send it again"
)
async def again(queue: Queue, number: Id, here: ActingDep, store: StoreDep, now: Now) -> Response:
    """A callback with the same id and body; of an SMS whose fate is unknown the phone may get a second copy."""
    await store.awrite(_again, queue, number, actor=here.actor, now=now)
    return Response(status_code=204)


def _standing(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> list[SmsOut]:
    must_see(tx, viewer, request_id, now=now)
    found = queries.sms_standing(tx, request_id)
    if not KEEPERS & viewer.roles:
        leaders = {one.account for one in people.leaders_of(tx, viewer.person_id, now)}
        mine = leaders | {people.person_by_id(tx, viewer.person_id).account}
        found = [one for one in found if one.account in mine]
    return [SmsOut.model_validate(one) for one in found]


def _stuck(tx: Tx, queue: str) -> list[StuckOut]:
    if queue == "sms":
        return [
            StuckOut(
                id=one.id, to=one.recipient, subject=one.template, state=one.state, error=one.error,
                attempts=one.attempts, created_at=one.created_at,
            )
            for one in queries.stuck(tx)
        ]  # fmt: skip
    return [StuckOut.model_validate(one) for one in outgoing(tx, queue, True, LONGEST_LIST)]


def _again(tx: Tx, queue: str, number: int, *, actor: Actor, now: datetime) -> None:
    outbound.resend(tx, QUEUES[queue], number, now=now)
    audit.append(
        tx, chain="operations", actor=actor.name, verb=f"{queue}.resent", thing=f"{queue}:{number}", data={},
        now=now,
    )  # fmt: skip
