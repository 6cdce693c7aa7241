"""The gateway is killed again and again while approvals go through it: nothing is lost and nothing is done twice.

A round is one start of `pishi serve` and one SIGKILL. Of the rounds three quarters go to SQLite and one to PostgreSQL:
45 and 15 in the small proof, 375 and 125 in the full one. The modem is a process of its own and outlives the gateway.
"""

from __future__ import annotations

import copy
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from approval_core.store import Store
from tests.proofs.killing.judge import findings
from tests.proofs.killing.ledger import Asked, Ledger, Shown
from tests.proofs.killing.phases import OTHER_PHASES, PHASES
from tests.proofs.killing.world import World, world

ROUNDS = {
    ("small", "sqlite"): 45,
    ("small", "postgresql"): 15,
    ("full", "sqlite"): 375,
    ("full", "postgresql"): 125,
}


def test_killed_anywhere_it_loses_nothing_and_does_nothing_twice(
    store: Store, database_url: str, tmp_path: Path, scale: str, seed: int
) -> None:
    engine = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    rounds = ROUNDS[scale, engine]
    with world(database_url, store, tmp_path, seed) as office:
        for _ in range(rounds):
            office.strike()
        office.quiet_end()
        print(f"seed {seed}, {engine}: {figures(office)}")
        wrong = store.read(findings, office.ledger)
        assert not wrong, "\n".join(wrong[:30])
        proof = office.gateway.audit_verify()
        assert proof.returncode == 0, proof.stdout + proof.stderr
        assert office.ledger.kills == rounds
        if engine == "sqlite":
            assert [phase for phase in PHASES if not office.hits[phase]] == [], "never hit"


def figures(office: World) -> str:
    ledger = office.ledger
    hits = ", ".join(f"{phase} {office.hits[phase]}" for phase in (*PHASES, *OTHER_PHASES))
    in_flight = sum(map(len, ledger.in_flight))
    return (
        f"{ledger.kills} kills (hit: {hits}); {len(ledger.asked)} approvals, {len(ledger.typed)} replies, "
        f"{sum(map(len, ledger.phones.values()))} SMS on phones, {in_flight} in flight at a kill and said so, "
        f"{doubled(ledger)} shown twice, {len(ledger.called_back)} callbacks"
    )


def doubled(ledger: Ledger) -> int:
    return sum(len(inbox) - len({one.text for one in inbox}) for inbox in ledger.phones.values())


# --- the judge can see ---

Doctor = Callable[[Ledger, sqlite3.Connection], object]


def _twice_on_the_phone(ledger: Ledger, _: sqlite3.Connection) -> None:
    inbox = next(inbox for inbox in ledger.phones.values() if inbox)
    inbox.append(Shown(inbox[0].text, inbox[0].at))


def _off_the_phone(ledger: Ledger, _: sqlite3.Connection) -> None:
    next(inbox for inbox in ledger.phones.values() if inbox).pop(0)


def _called_under_a_new_id(ledger: Ledger, _: sqlite3.Connection) -> None:
    ledger.called_back.append(replace(ledger.called_back[0], message_id="evt_999999"))


def _called_with_another_body(ledger: Ledger, _: sqlite3.Connection) -> None:
    ledger.called_back.append(replace(ledger.called_back[0], body=ledger.called_back[0].body + " "))


def _called_too_early(ledger: Ledger, _: sqlite3.Connection) -> None:
    early = next(one for one in ledger.called_back if ledger.asked[one.ref].hold)
    ledger.called_back.append(replace(early, at=early.at - timedelta(minutes=1)))


def _accepted_and_lost(ledger: Ledger, _: sqlite3.Connection) -> None:
    ledger.asked["K-9999"] = Asked("K-9999", "hy00001", "", 0, {}, {"id": 9999})


def _reply_lost(ledger: Ledger, _: sqlite3.Connection) -> None:
    ledger.typed.append(replace(ledger.typed[0], text="Y2222"))


def _meant_otherwise(ledger: Ledger, _: sqlite3.Connection) -> None:
    other = {"approve": "reject", "reject": "approve"}
    ledger.typed[:] = [replace(one, verdict=other[one.verdict]) for one in ledger.typed]


DOCTORS: tuple[tuple[str, Doctor, bool], ...] = (
    ("0 decisions", lambda _, db: db.execute("DELETE FROM decision WHERE id = 1"), True),
    ("he said", lambda _, db: db.execute("UPDATE decision SET comment = 'x' WHERE id = 1"), True),
    ("replies lost", lambda _, db: db.execute("DELETE FROM sms_inbound WHERE id = 1"), False),
    (
        "settled as []",
        lambda _, db: db.execute("DELETE FROM sms_inbound_outcome WHERE inbound_id = 1"),
        False,
    ),
    ("still open", lambda _, db: db.execute("UPDATE todo SET state = 'open' WHERE id = 1"), False),
    ("callbacks on record", lambda _, db: db.execute("DELETE FROM outbound_callback WHERE id = 1"), False),
    ("never said to be in doubt", _twice_on_the_phone, False),
    ("on the phone", _off_the_phone, False),
    ("under 2 ids", _called_under_a_new_id, False),
    ("one id with several bodies", _called_with_another_body, False),
    ("before its hold was over", _called_too_early, False),
    ("answered 201 and lost", _accepted_and_lost, False),
    ("1 replies lost", _reply_lost, False),
    ("on record is", _meant_otherwise, False),
)


def test_the_judge_names_what_is_lost_doubled_or_too_early(
    sqlite_url: str, tmp_path: Path, seed: int
) -> None:
    """A quiet run has no findings; each doctored copy of it has the one that it should."""
    store = Store(sqlite_url)
    try:
        with world(sqlite_url, store, tmp_path, seed) as office:
            office.quiet_end()
            assert len(office.ledger.called_back) >= 8
            assert store.read(findings, office.ledger) == []
    finally:
        store.close()
    for number, (named, doctor, audited) in enumerate(DOCTORS):
        path = tmp_path / f"copy-{number}.db"
        shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), path)
        ledger = copy.deepcopy(office.ledger)
        with closing(sqlite3.connect(path, isolation_level=None)) as doctored:
            doctor(ledger, doctored)
        found = _judged(f"sqlite:///{path}", ledger)
        assert any(named in one for one in found), (named, found)
        if audited:
            proof = office.gateway.audit_verify(f"sqlite:///{path}")
            assert proof.returncode == 1, proof.stdout


def _judged(url: str, ledger: Ledger) -> list[str]:
    store = Store(url)
    try:
        return store.read(findings, ledger)
    finally:
        store.close()
