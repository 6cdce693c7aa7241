"""The page and its buttons. Every button is a form that works without a script; the script only makes the page live."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from fastapi.templating import Jinja2Templates

from approval_core.clock import utc_now
from approval_core.errors import NotFound
from approval_core.people import queries as people
from approval_core.store import Tx
from gateway.demo import views
from gateway.demo.asking import CALLBACK_PATH, NAME
from gateway.demo.doors import GuardedRoute, OwnPage
from gateway.demo.handsets import SHOWN, meant
from gateway.demo.place import Place, PlaceDep
from gateway.demo.refusals import Refusal, refusal
from gateway.demo.stage import Stage
from web.deps import Now, StoreDep

HERE = Path(__file__).parent
STATIC = {"demo.css": "text/css", "demo.js": "text/javascript"}
LIVE_PAUSE_S = 20.0
EXAMPLES = (
    "申请年休假3天(5月6日起)",
    "申请用车1天(去临海分局)",
    "领用办公用品共860元",
    "报送12366答复第118号",
)
REPLIES = ("Y", "N", "ｙ", "同意，请尽快", "Y不同意", "收到", "待办", "X")
NO_REFUSAL = Refusal("")

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)
templates = Jinja2Templates(directory=HERE / "templates")


def _stage(request: Request) -> Stage:
    return cast(Stage, request.app.state.stage)


StageDep = Annotated[Stage, Depends(_stage)]


@router.get("/")
async def front() -> RedirectResponse:
    return RedirectResponse("/demo", 307)


@router.get("/demo")
async def page(request: Request, place: PlaceDep, stage: StageDep, store: StoreDep, now: Now) -> HTMLResponse:
    return await _page(request, place, stage, store, now)


async def _page(
    request: Request,
    place: Place,
    stage: Stage,
    store: StoreDep,
    now: Now,
    refused: Refusal = NO_REFUSAL,
    given: Mapping[str, str] | None = None,
) -> HTMLResponse:
    shown = await store.aread(_shown, place, stage, now=now)
    facts = {
        "words": place.words, "place": place, "stage": stage, "refused": refused, "given": given or {}, "now": now,
        "example": EXAMPLES[len(shown["latest"]) % len(EXAMPLES)], "examples": EXAMPLES, "replies": REPLIES,
        "hold": request.app.state.settings.default_hold, "other": "en" if place.words.language == "zh" else "zh",
    }  # fmt: skip
    status = 422 if refused.sentence else 200
    return templates.TemplateResponse(
        request, "page.html", {**facts, **shown}, status_code=status, headers={"Cache-Control": "no-store"}
    )


def _shown(tx: Tx, place: Place, stage: Stage, *, now: datetime) -> dict[str, Any]:
    leaders = people.leaders_with_phones(tx, now=now)
    who = place.find or place.handset
    found = meant(leaders, who)
    if place.find and len(found) != 1:
        leader = next(iter(meant(leaders, place.handset)), None)
    else:
        leader = next(iter(found), None)
    leader = leader or next(iter(leaders), None)
    if leader is not None:
        place.handset = leader.account
    return {
        "leaders": leaders,
        "numbered": {one.account for one in leaders},
        "leader": leader,
        "who": who,
        "found": found,
        "most": SHOWN,
        "bubbles": views.conversation(tx, leader.number, stage.handset(leader.number)) if leader else [],
        "coded": views.suggestions(tx, leader.number) if leader else None,
        "latest": views.latest(tx, NAME),
        "trail": _trail(tx, place.ref) if place.ref else None,
        "told": {callback.message_id for callback in stage.asking.received if callback.genuine},
        "forged": sum(not callback.genuine for callback in stage.asking.received),
        "verified": views.verification(tx) if place.proof else None,
    }


def _trail(tx: Tx, ref: str) -> views.Trail | None:
    try:
        return views.trail(tx, NAME, ref)
    except NotFound:
        return None


@router.post("/demo/approvals", dependencies=[OwnPage])
async def submit(
    request: Request,
    place: PlaceDep,
    stage: StageDep,
    store: StoreDep,
    now: Now,
    title: Annotated[str, Form()] = "",
    summary: Annotated[str, Form()] = "",
    applicant: Annotated[str, Form()] = "",
    approvers: Annotated[str, Form()] = "",
    mode: Annotated[str, Form()] = "any",
    hold: Annotated[str, Form()] = "",
    on_reject: Annotated[str, Form()] = "reject",
) -> Response:
    given = {
        "title": title, "summary": summary, "applicant": applicant, "approvers": approvers, "hold": hold,
        "mode": mode, "on_reject": on_reject,
    }  # fmt: skip
    ref = f"LEAVE-{now:%H%M%S}-{secrets.token_hex(2)}"
    accounts = [account for account in approvers.replace("，", ",").replace(",", " ").split() if account]
    step: dict[str, Any] = {"approvers": accounts, "mode": mode}
    if mode == "vote":
        step["threshold"] = 51
    body: dict[str, Any] = {
        "ref": ref, "type": "GENERIC", "title": title, "summary": summary, "applicant": applicant, "steps": [step],
        "on_reject": on_reject, "form": {}, "sms": True, "callback_url": stage.asking.callback_url,
    }  # fmt: skip
    if hold.strip():
        body["hold"] = int(hold) if re.fullmatch(r"\s*[0-9]{1,9}\s*", hold) else hold
    answer = await stage.asking.call(request.app, "POST", "", body)
    if answer.status_code != 201:
        refused = refusal(place.words, answer.json(), now)
        return await _page(request, place, stage, store, now, refused, given)
    return place.back("handset", ref=ref, handset=place.handset if place.handset in accounts else accounts[0])


@router.post("/demo/approvals/{matter}/content", dependencies=[OwnPage])
async def change(
    matter: str,
    request: Request,
    place: PlaceDep,
    stage: StageDep,
    store: StoreDep,
    now: Now,
    title: Annotated[str, Form()] = "",
) -> Response:
    answer = await stage.asking.call(request.app, "PUT", f"/{quote(matter)}", {"title": title})
    if answer.is_error:
        refused = refusal(place.words, answer.json(), now)
        return await _page(request, place, stage, store, now, refused)
    return place.back("trail", ref=matter)


@router.post("/demo/approvals/{matter}/withdraw", dependencies=[OwnPage])
async def withdraw(
    matter: str, request: Request, place: PlaceDep, stage: StageDep, store: StoreDep, now: Now
) -> Response:
    answer = await stage.asking.call(request.app, "POST", f"/{quote(matter)}/withdraw", {"reason": ""})
    if answer.is_error:
        refused = refusal(place.words, answer.json(), now)
        return await _page(request, place, stage, store, now, refused)
    return place.back("trail", ref=matter)


@router.post("/demo/handsets/{number}/sms", dependencies=[OwnPage])
async def reply(
    number: str,
    request: Request,
    place: PlaceDep,
    stage: StageDep,
    store: StoreDep,
    now: Now,
    text: Annotated[str, Form()] = "",
) -> Response:
    handset = stage.handset(number)
    if handset is None:
        return await _page(request, place, stage, store, now, Refusal(place.words("no_modem")))
    if text:
        await asyncio.to_thread(handset.send, text)
    return place.back("handset")


@router.post(CALLBACK_PATH)
async def callback(request: Request, stage: StageDep) -> Response:
    genuine = stage.asking.receive(await request.body(), dict(request.headers), now=utc_now())
    return Response(status_code=204 if genuine else 401)


@router.get("/demo/live")
async def live(request: Request, store: StoreDep) -> StreamingResponse:
    """Server-sent events: `changed` whenever something the page shows may have changed. Never any content."""

    async def changes() -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        with store.signals.listen("outbox", "sms", "callbacks", "changed") as listener:
            while not await request.is_disconnected():
                changed = await listener.await_(LIVE_PAUSE_S)
                yield "event: changed\ndata: \n\n" if changed else ": still here\n\n"
                await asyncio.sleep(0.05)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(changes(), media_type="text/event-stream", headers=headers)


@router.get("/demo/{name}")
async def static(name: str) -> FileResponse:
    if name not in STATIC:
        raise HTTPException(404)
    return FileResponse(
        HERE / "static" / name, media_type=STATIC[name], headers={"Cache-Control": "no-cache"}
    )
