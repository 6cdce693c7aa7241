"""B3: any edit, deletion, insertion or exchange in the record, in the database or in a package, is found.

Nothing is kept of a change: each is made in a transaction that is verified and rolled back. PISHI_TEST_SEED repeats it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError

from approval_core import audit
from approval_core.audit.models import checkpoints, entries
from approval_core.store import Store, Tx
from gateway.packages import package, zipped
from gateway.trail import office_problems
from tests.approval_core.audit.records import verdict
from tests.approval_core.tampering import NotPossibleError
from tests.gateway.audited_office import KEY, PUBLIC, decided_matter, sign
from tests.proofs.tampering_hands import (
    Done,
    change_a_package,
    change_the_database,
    write_anew_with_the_key,
)
from tests.sms_modem.office import Office

ROUNDS = {"small": 150, "full": 1000}


class UndoError(Exception):
    """Carries the answer out of a work whose changes shall not stay."""


def forget_one(tx: Tx, office: Office) -> None:
    """One text that is compared with no row is deleted on time."""
    found = tx.execute(select(entries.c.id).where(entries.c.verb == "effective").order_by(entries.c.id))
    audit.redact(tx, found.scalars().all()[0], actor="office", reason="kept long enough", now=office.now)


def office_of_some_days(store: Store) -> tuple[Office, int]:
    office, request = decided_matter(store)
    phone = office.leaders["hy00002"][1]
    for number, reply in enumerate(("Y{}", "N{} 材料不全", "{}同意，请抓紧", "帮助", "退回{}"), 1):
        office.ask("hy00002", title=f"第{number}件", form={"金额": number * 100, "事由": "办公"})
        office.reply(phone, reply.format(office.code(phone)))
        office.later(minutes=7)
        sign(office)
    store.write(forget_one, office=office)
    sign(office)
    return office, request


def found_after(
    store: Store, hand: Callable[[Tx], Done], witnessed: dict[int, str] | None = None
) -> tuple[Done, bool]:
    def work(tx: Tx) -> None:
        done = hand(tx)
        report = audit.verify(tx, public_key=KEY.public_key(), facts=office_problems, witnessed=witnessed)
        raise UndoError(done, not report.ok)

    with pytest.raises(UndoError) as undone:
        store.write(work)
    done, found = undone.value.args
    return done, found


def tell(what: str, seed: int, tried: Counter[str], missed: list[Done]) -> None:
    print(f"{what}: {tried.total()} changes, {len(missed)} missed, seed {seed}")
    for kind, count in sorted(tried.items()):
        print(f"  {count:5} {kind}")
    for done in missed:
        print(f"  MISSED {done.kind}: {done.what}")


def test_any_change_of_the_database_is_found(store: Store, scale: str, seed: int) -> None:
    office_of_some_days(store)
    chance = random.Random(seed)
    tried: Counter[str] = Counter()
    missed = []
    while tried.total() < ROUNDS[scale]:
        try:
            done, found = found_after(store, lambda tx: change_the_database(tx, chance))
        except (NotPossibleError, IntegrityError, DataError):
            continue
        tried[done.kind] += 1
        missed += [] if found else [done]
    tell("database", seed, tried, missed)
    assert missed == []
    assert len(tried) >= 14, tried
    assert store.read(audit.verify, public_key=KEY.public_key(), facts=office_problems).problems == []


def test_a_history_signed_anew_is_found_by_a_witness_and_by_nobody_else(
    store: Store, scale: str, seed: int
) -> None:
    office, _ = office_of_some_days(store)
    chance = random.Random(seed)
    seen = store.read(lambda tx: {row.size: row.root for row in tx.execute(select(checkpoints))})
    rounds, missed = ROUNDS[scale] // 15, []
    while rounds:
        try:
            done, found = found_after(
                store, lambda tx: write_anew_with_the_key(tx, chance, now=office.now), seen
            )
        except NotPossibleError:
            continue
        rounds -= 1
        missed += [] if found else [done]
    assert missed == []


def test_any_change_of_a_package_is_found(store: Store, scale: str, seed: int, tmp_path: Path) -> None:
    office, request = office_of_some_days(store)
    files: dict[str, bytes] = store.read(package, request, key=KEY, now=office.now)
    path = tmp_path / "package.zip"

    def passes(what: Any) -> bool:
        path.write_bytes(zipped(what))
        return verdict(path, PUBLIC)[0] == 0

    assert passes(files)
    chance = random.Random(seed)
    tried: Counter[str] = Counter()
    missed = []
    while tried.total() < ROUNDS[scale]:
        try:
            done, changed = change_a_package(files, chance)
        except NotPossibleError:
            continue
        tried[done.kind] += 1
        missed += [done] if passes(changed) else []
    tell("package", seed, tried, missed)
    assert missed == []
    assert len(tried) >= 7, tried
