"""`/audit/receipts/DECISION`: what proves to a stranger that a decision stands in the log."""

from __future__ import annotations

from typing import Annotated, Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from approval_core.audit import receipts
from approval_core.audit.sm2 import Sm2Public
from approval_core.errors import Conflict, NotFound, Unavailable
from approval_core.store import Tx
from gateway.person.schemas import ReceiptOut
from gateway.settings import Settings
from gateway.trail import entry_of_decision, signing_key
from gateway.worker import sm2_key
from mobile_api.attempts import Id
from mobile_api.routes.auditing import noted
from web.bodies import problems
from web.deps import Now, StoreDep
from web.signin import PersonDep

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
    try:
        found = await store.aread(_receipt, decision_id, settings, text=text)
    except NotFound as missing:
        if missing.code == "not_yet_in_log":
            raise Unavailable(missing.code, missing.message) from missing
        raise
    return PlainTextResponse(receipts.tlog_proof(found)) if tlog else JSONResponse(found)


def _receipt(tx: Tx, decision_id: int, settings: Settings, *, text: bool) -> dict[str, Any]:
    key, second = signing_key(tx, settings), sm2_key(settings.sm2_key_file)
    if key is None:
        raise Conflict("no_secret", "the office's secret is not known here")
    keys: list[Ed25519PublicKey | Sm2Public] = [key.public_key()]
    keys += [] if second is None else [second.public]
    return receipts.receipt(tx, entry_of_decision(tx, decision_id), keys=keys, text=text)
