"""`/audit/receipts/DECISION`, `/audit/packages/REQUEST`: what proves to a stranger that the log holds it."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from approval_core.audit import receipts
from approval_core.audit.sm2 import Sm2Public
from approval_core.errors import Conflict, NotFound, Unavailable
from approval_core.store import Tx
from gateway.packages import package, zipped
from gateway.person.schemas import ReceiptOut
from gateway.settings import Settings
from gateway.trail import entry_of_decision, signing_key
from gateway.worker import sm2_key
from mobile_api.attempts import Id
from mobile_api.routes.auditing import noted
from mobile_api.routes.papers import file_answer
from web.bodies import problems
from web.deps import Now, StoreDep
from web.papers import download
from web.signin import PersonDep

T = TypeVar("T")
router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get(
    "/receipts/{decision_id}",
    response_model=ReceiptOut,
    responses=problems(404, 409),
    summary="The receipt of a decision",
)
async def receipt(
    decision_id: Id,
    request: Request,
    here: PersonDep,
    store: StoreDep,
    now: Now,
    tlog: Annotated[bool, Query(description="As a C2SP tlog-proof, plain text.")] = False,
    text: Annotated[bool, Query(description="With what the entry says; else only its digest.")] = True,
) -> Response:
    """503 `not_yet_in_log` in the second before the log has it. The reading is an entry itself."""
    await noted(store, here, f"decision:{decision_id}", now, what="receipt")
    settings = cast(Settings, request.app.state.settings)
    found = await _covered(store.aread(_receipt, decision_id, settings, text=text))
    return PlainTextResponse(receipts.tlog_proof(found)) if tlog else JSONResponse(found)


@router.get(
    "/packages/{request_id}",
    responses=problems(404, 409) | file_answer("application/zip"),
    response_class=Response,
    summary="One package about a request that an auditor can check alone",
)
async def package_of(
    request_id: Id, request: Request, here: PersonDep, store: StoreDep, now: Now
) -> Response:
    """Entries and proofs, rows, the SMS behind it, and the file that verifies all of it without a server."""
    await noted(store, here, f"request:{request_id}", now, what="audit package")
    settings = cast(Settings, request.app.state.settings)
    files = await _covered(store.aread(_package, request_id, settings, now=now))
    return download(iter([zipped(files)]), name=f"audit-{request_id}.zip", mime="application/zip")


async def _covered(reading: Awaitable[T]) -> T:
    """What the log does not have yet it has in a second."""
    try:
        return await reading
    except NotFound as missing:
        if missing.code == "not_yet_in_log":
            raise Unavailable(missing.code, missing.message) from missing
        raise


def _package(tx: Tx, request_id: int, settings: Settings, *, now: datetime) -> dict[str, bytes]:
    second = sm2_key(settings.sm2_key_file)
    return package(
        tx, request_id, key=_key(tx, settings), sm2=None if second is None else second.public, now=now
    )


def _key(tx: Tx, settings: Settings) -> Ed25519PrivateKey:
    found = signing_key(tx, settings)
    if found is None:
        raise Conflict("no_secret", "the office's secret is not known here")
    return found


def _receipt(tx: Tx, decision_id: int, settings: Settings, *, text: bool) -> dict[str, Any]:
    key, second = _key(tx, settings), sm2_key(settings.sm2_key_file)
    keys: list[Ed25519PublicKey | Sm2Public] = [key.public_key()]
    keys += [] if second is None else [second.public]
    return receipts.receipt(tx, entry_of_decision(tx, decision_id), keys=keys, text=text)
