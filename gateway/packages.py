"""One package about one request that an auditor can check alone: its entries and proofs, its rows, the SMS behind it,
and the file that verifies all of it. Reads only; what it tells beyond the log is bound by the signature on its list."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from approval_core.approvals.models import Decision, Request
from approval_core.approvals.rules.content import fields_of
from approval_core.audit import last_checkpoint, prove_growth
from approval_core.audit.canonical import key_id, moment
from approval_core.audit.models import checkpoints, entries
from approval_core.audit.offline import verify_record
from approval_core.audit.receipts import covering, shown_checkpoint, shown_entry, shown_key
from approval_core.audit.sm2 import Sm2Public
from approval_core.columns import table_of
from approval_core.errors import Conflict, NotFound
from approval_core.files import queries as file_queries
from approval_core.store import Tx
from gateway.package_readme import README
from sms_modem.evidence import facts_of
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts

FORMAT = "pishi/package/1"
requests, decisions = table_of(Request), table_of(Decision)
#: what else is told of a request, where the office has it
MORE_ROWS = ("step", "token", "task", "remark", "content_revision", "field_change", "attachment")
EVIDENCE = "sms_inbound:"


def package(
    tx: Tx,
    request_id: int,
    *,
    key: Ed25519PrivateKey,
    sm2: Sm2Public | None = None,
    witnessed: Iterable[int] = (),
    now: datetime,
) -> dict[str, bytes]:
    """File name → content. `witnessed`: sizes that a witness has seen; the proofs begin and pass there.

    NotFound("no_approval" | "not_yet_in_log"), Conflict("no_checkpoint").
    """
    request = tx.execute(select(requests).where(requests.c.id == request_id)).first()
    final = last_checkpoint(tx)
    if request is None:
        raise NotFound("no_approval", f"there is no approval {request_id}")
    if final is None:
        raise Conflict("no_checkpoint", "nothing was signed yet: is the worker running?")
    rows, sms = _rows(tx, request), _sms(tx, request_id)
    own = _entries(tx, [f"request:{request_id}"])
    others = _entries(tx, [f"{EVIDENCE}{one['id']}" for one in sms["inbound"]])
    contents = {
        "entries.json": {
            "entries": [shown_entry(tx, one, size=final.size) for one in own],
            "others": [shown_entry(tx, one, size=final.size) for one in others],
        },
        "log.json": _log(
            tx, final, [*own, *others], witnessed, [key.public_key(), *([] if sm2 is None else [sm2])]
        ),
        "rows.json": rows,
        "sms.json": sms,
    }
    files = {name: _json(content) for name, content in contents.items()}
    files["README.md"] = README.encode()
    files["verify_record.py"] = Path(verify_record.__file__).read_bytes()
    manifest = {
        "format": FORMAT,
        "request": request_id,
        "made_at": moment(now),
        "chain": f"request:{request_id}",
        "head": {"seq": own[-1].seq, "hash": own[-1].hash} if own else {"seq": 0, "hash": "0" * 64},
        "files": {name: sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files["manifest.json"] = _json(manifest)
    files["manifest.sig"] = signature_of(files["manifest.json"], key)
    return files


def signature_of(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """What `manifest.sig` holds: a signature over the name of the format and the digest of the list of files."""
    text = f"{FORMAT}\n{sha256(manifest).hexdigest()}\n"
    signature = base64.b64encode(key.sign(text.encode())).decode()
    return _json({"key_id": key_id(key.public_key().public_bytes_raw()), "signature": signature})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The same files make the same bytes."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return into.getvalue()


def _entries(tx: Tx, chains: Sequence[str]) -> list[Any]:
    query = select(entries).where(entries.c.chain.in_(chains)).order_by(entries.c.chain, entries.c.seq)
    return list(tx.execute(query))


def _log(
    tx: Tx, final: Any, told: Iterable[Any], witnessed: Iterable[int], keys: Iterable[Any]
) -> dict[str, Any]:
    """The last checkpoint, the first one over each entry, those that a witness has, and that each continues the other."""
    points: dict[int, Any] = {final.size: final}
    for entry in told:
        first = covering(tx, entry)
        points[first.size] = first
    for point in tx.execute(select(checkpoints).where(checkpoints.c.size.in_(list(witnessed)))):
        points[point.size] = point
    sizes = sorted(points)
    return {
        "keys": [shown_key(key) for key in keys],
        "checkpoints": [shown_checkpoint(tx, points[size]) for size in sizes],
        "consistency": {f"{old}-{new}": prove_growth(tx, old, new) for old, new in pairwise(sizes)},
    }


def _rows(tx: Tx, request: Any) -> dict[str, Any]:
    fields = fields_of(
        type=request.type,
        title=request.title,
        summary=request.summary,
        applicant=request.applicant,
        form=request.form,
        papers=file_queries.digests(tx, request.id),
    )
    of_request = select(decisions).where(decisions.c.request_id == request.id).order_by(decisions.c.id)
    more = {}
    for name in MORE_ROWS:
        table = SQLModel.metadata.tables.get(name)
        if table is not None and "request_id" in table.c:
            query = select(table).where(table.c.request_id == request.id)
            more[name] = [_plain(row) for row in tx.execute(query.order_by(*table.primary_key))]
    return {
        "request": _plain(request),
        "content": {"fields": fields, "salts": request.salts, "hash": request.content_hash},
        "decisions": [_plain(row) for row in tx.execute(of_request)],
        "more": more,
    }


def _sms(tx: Tx, request_id: int) -> dict[str, Any]:
    """What was asked by SMS, what came in about it, and what was answered."""
    asked = tx.execute(select(prompts).where(prompts.c.request_id == request_id).order_by(prompts.c.id)).all()
    decided = tx.execute(
        select(decisions.c.id, decisions.c.evidence).where(decisions.c.request_id == request_id)
    ).all()
    about = select(inbound_outcomes.c.inbound_id).where(
        or_(
            inbound_outcomes.c.prompt_id.in_([one.id for one in asked]),
            inbound_outcomes.c.decision_id.in_([one.id for one in decided]),
        )
    )
    numbers = set(tx.execute(about).scalars())
    numbers |= {_number(one.evidence) for one in decided if one.evidence.startswith(EVIDENCE)}
    came = tx.execute(
        select(inbound_sms).where(inbound_sms.c.id.in_(numbers)).order_by(inbound_sms.c.id)
    ).all()
    ends = tx.execute(
        select(inbound_outcomes)
        .where(inbound_outcomes.c.inbound_id.in_(numbers))
        .order_by(inbound_outcomes.c.id)
    ).all()
    went = tx.execute(
        select(outbound_sms)
        .where(
            or_(
                outbound_sms.c.prompt_id.in_([one.id for one in asked]),
                outbound_sms.c.inbound_id.in_(numbers),
            )
        )
        .order_by(outbound_sms.c.id)
    ).all()
    return {
        "prompts": [_plain(one) for one in asked],
        "inbound": [
            {
                "id": one.id,
                "evidence": facts_of(dict(one._mapping)),
                "outcomes": [_plain(end) for end in ends if end.inbound_id == one.id],
            }
            for one in came
        ],
        "outbound": [_plain(one) for one in went],
    }


def _number(evidence: str) -> int:
    told = evidence.removeprefix(EVIDENCE)
    return int(told) if told.isdecimal() and len(told) < 19 else 0


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: moment(value) if isinstance(value, datetime) else value for name, value in row._mapping.items()
    }


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n").encode()
