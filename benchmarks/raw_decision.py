"""The floor of a decision: the rows that the product writes, by hand on the driver's cursor.

It reads what a decision must know (is the task open at this revision, what is the request's hold and hash, the end
of its chain) and knows no rule, no mode but "any" with one approver, and no second channel.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from benchmarks.open_matters import Open

SHAPE = "%Y-%m-%d %H:%M:%S.%f"

TASK = (
    "SELECT t.state, t.revision, t.step_id, r.state, r.content_hash, r.hold_seconds FROM task t "
    "JOIN request r ON r.id = t.request_id WHERE t.id = ?"
)
TAKE = "UPDATE task SET state = 'decided', closed_at = ? WHERE id = ? AND state = 'open' AND revision = ?"
RECORD = (
    "INSERT INTO decision (request_id, step_id, task_id, task_revision, content_hash, verdict, comment, person_id, "
    "channel, level, evidence, state, decided_at, held_until, settled_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
CLOSE_TODO = "UPDATE todo SET state = 'done', closed_at = ? WHERE task_id = ? AND state = 'open'"
HEAD = "SELECT seq, hash FROM audit_head WHERE chain = ?"
ADVANCE = "UPDATE audit_head SET seq = ?, hash = ? WHERE chain = ?"
ENTRY = (
    "INSERT INTO audit_entry (chain, seq, prev_hash, hash, actor, verb, thing, at, digest, salt, data) "
    "VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
EVENT = "INSERT INTO event (type, key, payload, created_at, routed) VALUES (?,?,?,?,0)"
TIMER = (
    "INSERT INTO timer (handler, ref, due_at, state, attempts) VALUES ('hold_end', ?, ?, 'due', 0) "
    "ON CONFLICT (handler, ref) WHERE state = 'due' DO UPDATE SET due_at = excluded.due_at"
)
TOUCH = "UPDATE request SET changed_at = ? WHERE id = ?"
CLOSE = "UPDATE request SET state = 'approved', closed_at = ?, changed_at = ? WHERE id = ?"
CLOSE_STEP = "UPDATE step SET state = 'approved' WHERE id = ?"


class RawDecision:
    """Decides on one cursor; the caller begins and commits."""

    def __init__(self, cursor: sqlite3.Cursor, *, hold: int) -> None:
        self._run = cursor.execute
        self._hold = hold

    def decide(self, one: Open) -> int:
        run = self._run
        now = datetime.now(UTC)
        at = now.strftime(SHAPE)
        state, revision, step, request_state, content_hash, hold = run(TASK, (one.task_id,)).fetchone()
        assert (state, revision, request_state, hold) == ("open", 1, "pending", self._hold)
        assert run(TAKE, (at, one.task_id, 1)).rowcount == 1
        until = (now + timedelta(seconds=hold)).strftime(SHAPE) if hold else None
        values = (
            one.request_id, step, one.task_id, 1, content_hash, "approve", "", one.person_id, "web", 2, "session:1",
            "held" if hold else "effective", at, until, None if hold else at,
        )  # fmt: skip
        number = run(RECORD, values).lastrowid
        assert number is not None
        run(CLOSE_TODO, (at, one.task_id))
        facts = {
            "task_id": one.task_id, "task_revision": 1, "content_hash": content_hash, "verdict": "approve",
            "comment": "", "person_id": one.person_id, "on_behalf_of_id": None, "channel": "web", "level": 2,
            "evidence": "session:1",
        }  # fmt: skip
        chain = f"request:{one.request_id}"
        seq, head = run(HEAD, (chain,)).fetchone()
        seq, head = self._prove(chain, seq, head, one.account, "decided", number, at, facts)
        self._tell("approval.decided", one, {"decision_id": number, "task_id": one.task_id}, at)
        if hold:
            run(TIMER, (str(number), until))
            run(TOUCH, (at, one.request_id))
            run(ADVANCE, (seq, head, chain))
            return number
        run(CLOSE_STEP, (step,))
        run(CLOSE, (at, at, one.request_id))
        outcome: dict[str, object] = {"verdict": "approve", "step": "approved", "request": "approved"}
        seq, head = self._prove(chain, seq, head, "system", "effective", number, at, outcome)
        run(ADVANCE, (seq, head, chain))
        self._tell("approval.effective", one, {"decision_id": number, "state": "approved"}, at)
        self._tell("approval.closed", one, {"state": "approved"}, at)
        return number

    def _prove(
        self,
        chain: str,
        seq: int,
        prev: str,
        actor: str,
        verb: str,
        number: int,
        at: str,
        facts: Mapping[str, object],
    ) -> tuple[int, str]:
        text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        salt = os.urandom(16)
        digest = sha256(salt + text.encode()).hexdigest()
        thing = f"decision:{number}"
        link = sha256(f"{actor}{at}{chain}{digest}{prev}{seq}{thing}{verb}".encode()).hexdigest()
        self._run(ENTRY, (chain, seq + 1, prev, link, actor, verb, thing, at, digest, salt.hex(), text))
        return seq + 1, link

    def _tell(self, kind: str, one: Open, facts: Mapping[str, object], at: str) -> None:
        payload = json.dumps({"request_id": one.request_id, **facts})
        self._run(EVENT, (kind, f"request:{one.request_id}", payload, at))
