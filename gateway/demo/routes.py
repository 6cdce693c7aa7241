"""The page and its buttons. Every button is a form that works without a script; the script only makes the page live."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from fastapi.templating import Jinja2Templates

from approval_core.clock import OFFICE_ZONE, utc_now
from approval_core.errors import NotFound
from approval_core.people import queries as people
from approval_core.store import Tx
from gateway.demo import views
from gateway.demo.asking import CALLBACK_PATH, NAME
from gateway.demo.stage import Stage
from gateway.demo.words import Words, language_of
from web.deps import Now, StoreDep

HERE = Path(__file__).parent
STATIC = {"demo.css": "text/css", "demo.js": "text/javascript"}
FIRST_HANDSET = "hy00009"
LIVE_PAUSE_S = 20.0
#: nothing on the page comes from elsewhere, and nothing written into a text can run
OWN_FILES_ONLY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; form-action 'self'",
    "Cache-Control": "no-store",
}
EXAMPLES = (
    "申请年休假3天(5月6日起)",
    "申请用车1天(去临海分局)",
    "领用办公用品共860元",
    "报送12366答复第118号",
)
REPLIES = ("Y", "N", "ｙ", "同意，请尽快", "Y不同意", "收到", "待办", "X")

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=HERE / "templates")


def office_time(moment: datetime) -> str:
    return moment.astimezone(OFFICE_ZONE).strftime("%m-%d %H:%M:%S")


templates.env.filters["office_time"] = office_time


def _stage(request: Request) -> Stage:
    return cast(Stage, request.app.state.stage)


def _own_page_only(request: Request) -> None:
    """A button of this page, not of somebody else's: browsers say where a request comes from."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this form belongs to the demo page")


StageDep = Annotated[Stage, Depends(_stage)]
OwnPage = Depends(_own_page_only)


class Place:
    """Where the visitor stands: language, handset and request. It travels in the address, so every view is a link."""

    def __init__(
        self,
        request: Request,
        lang: Annotated[str | None, Query()] = None,
        handset: Annotated[str, Query(max_length=64)] = FIRST_HANDSET,
        ref: Annotated[str | None, Query(max_length=200)] = None,
        proof: Annotated[bool, Query()] = False,
    ) -> None:
        self.words = Words(language_of(lang, request.headers.get("accept-language", "")))
        self.handset, self.ref, self.proof = handset, ref, proof

    def link(self, path: str = "/demo", **other: str) -> str:
        here = {"lang": self.words.language, "handset": self.handset, "ref": self.ref or "", **other}
        return path + "?" + urlencode({name: value for name, value in here.items() if value})

    def back(self, **other: str) -> RedirectResponse:
        return RedirectResponse(self.link(**other), 303)


PlaceDep = Annotated[Place, Depends()]


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
    problem: str = "",
    given: Mapping[str, str] | None = None,
) -> HTMLResponse:
    shown = await store.aread(_shown, place, stage, now=now)
    facts = {
        "words": place.words, "place": place, "stage": stage, "problem": problem, "examples": EXAMPLES, "replies": REPLIES,
        "hold": request.app.state.settings.default_hold, "given": given or {}, "other": "en" if place.words.language == "zh" else "zh",
    }  # fmt: skip
    status = 422 if problem else 200
    return templates.TemplateResponse(
        request, "page.html", {**facts, **shown}, status_code=status, headers=OWN_FILES_ONLY
    )


def _shown(tx: Tx, place: Place, stage: Stage, *, now: datetime) -> dict[str, Any]:
    leaders = people.leaders_with_phones(tx, now=now)
    leader = next((one for one in leaders if one.account == place.handset), leaders[0] if leaders else None)
    trail = None
    if place.ref:
        try:
            trail = views.trail(tx, NAME, place.ref)
        except NotFound:
            trail = None
    return {
        "leaders": leaders,
        "leader": leader,
        "bubbles": views.conversation(tx, leader.number, stage.handset(leader.number)) if leader else [],
        "coded": views.suggested_replies(tx, leader.number) if leader else [],
        "latest": views.latest(tx, NAME),
        "trail": trail,
        "told": {callback.message_id for callback in stage.asking.received if callback.genuine},
        "verified": views.verification(tx) if place.proof else None,
    }


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
    given = {"title": title, "summary": summary, "applicant": applicant, "approvers": approvers, "hold": hold}
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
        if not hold.strip().isdecimal():
            return await _page(request, place, stage, store, now, place.words("bad_hold"), given)
        body["hold"] = int(hold)
    answer = await stage.asking.call(request.app, "POST", "", body)
    if answer.status_code != 201:
        return await _page(request, place, stage, store, now, answer.json()["detail"], given)
    return place.back(ref=ref)


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
        return await _page(request, place, stage, store, now, answer.json()["detail"])
    return place.back(ref=matter)


@router.post("/demo/approvals/{matter}/withdraw", dependencies=[OwnPage])
async def withdraw(
    matter: str, request: Request, place: PlaceDep, stage: StageDep, store: StoreDep, now: Now
) -> Response:
    answer = await stage.asking.call(request.app, "POST", f"/{quote(matter)}/withdraw", {"reason": ""})
    if answer.is_error:
        return await _page(request, place, stage, store, now, answer.json()["detail"])
    return place.back(ref=matter)


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
        return await _page(request, place, stage, store, now, place.words("no_modem"))
    if text:
        await asyncio.to_thread(handset.send, text)
    return place.back()


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
