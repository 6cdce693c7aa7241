"""The way out: leased, sent, failed, unknown; nothing twice by accident and nothing after its deadline."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import Column, MetaData, create_engine, insert, select
from sqlalchemy.pool import NullPool
from sqlmodel import Field

from approval_core import outbound
from approval_core.columns import BigId, table_of
from approval_core.errors import Conflict, NotFound
from approval_core.outbound import Outbound, outbound_indexes
from approval_core.store import Store, Tx
from tests.approval_core.plans import plan_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OWN = MetaData()


class Letter(Outbound, table=True):
    """At most once, as an SMS."""

    metadata = OWN
    __tablename__ = "letter"
    __table_args__ = outbound_indexes("letter")
    at_most_once: ClassVar[bool] = True
    topic: ClassVar[str] = "letters"
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    reference: str | None = None


class Call(Outbound, table=True):
    """Again and again, as a callback."""

    metadata = OWN
    __tablename__ = "call"
    __table_args__ = outbound_indexes("call")
    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def create(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    OWN.create_all(engine)
    engine.dispose()


@pytest.fixture(autouse=True)
def _tables(request: pytest.FixtureRequest) -> None:
    if "database_url" in request.fixturenames:
        create(request.getfixturevalue("database_url"))


def put(store: Store, model: type[Outbound], **values: Any) -> int:
    row = {"state": "queued", "priority": 100, "due_at": NOW, "attempts": 0, "max_attempts": 3, **values}
    table = table_of(model)
    return store.write(
        lambda tx: int(tx.execute(insert(table).values(**row).returning(table.c.id)).scalar_one())
    )


def look(store: Store, model: type[Any], row_id: int) -> Any:
    return store.read(lambda tx: tx.session.get_one(model, row_id))


def lease(
    store: Store, model: type[Outbound], by: str = "modem-1", now: datetime = NOW, limit: int = 10
) -> list[int]:
    return store.write(outbound.lease, model, by=by, now=now, seconds=60, limit=limit)


def test_a_row_belongs_to_one_sender_until_it_is_sent(store: Store) -> None:
    row = put(store, Letter)
    assert lease(store, Letter) == [row]
    assert lease(store, Letter, by="modem-2") == []
    assert not store.write(outbound.mark_sent, Letter, row, by="modem-2", now=NOW)
    assert store.write(outbound.mark_sent, Letter, row, by="modem-1", now=NOW + SECOND, reference="A7")
    sent = look(store, Letter, row)
    assert (sent.state, sent.sent_at, sent.reference, sent.attempts, sent.lease_until) == (
        "sent",
        NOW + SECOND,
        "A7",
        1,
        None,
    )
    assert lease(store, Letter, now=NOW + timedelta(days=1)) == []
    assert not store.write(outbound.mark_sent, Letter, row, by="modem-1", now=NOW)


def test_receipts_go_before_approvals_and_bulk_and_the_oldest_first(store: Store) -> None:
    bulk = put(store, Letter, priority=90, due_at=NOW - 9 * SECOND)
    young = put(store, Letter, priority=20, due_at=NOW)
    old = put(store, Letter, priority=20, due_at=NOW - SECOND)
    receipt = put(store, Letter, priority=10)
    same = put(store, Letter, priority=10)
    put(store, Letter, priority=1, due_at=NOW + SECOND)
    assert lease(store, Letter, limit=4) == [receipt, same, old, young]
    assert lease(store, Letter) == [bulk]


def test_a_sender_may_ask_for_some_rows_only(store: Store) -> None:
    put(store, Letter, reference="far")
    near = put(store, Letter, reference="near")
    only = table_of(Letter).c.reference == "near"
    found = store.write(outbound.lease, Letter, by="m", now=NOW, seconds=60, limit=9, where=only)
    assert found == [near]
    assert store.read(outbound.next_due, Letter, where=only) == NOW + timedelta(seconds=60)


def test_an_sms_whose_sender_died_is_unknown_and_never_sent_again_blindly(store: Store) -> None:
    row = put(store, Letter)
    lease(store, Letter)
    later = NOW + timedelta(seconds=60)
    assert lease(store, Letter, by="modem-2", now=later - timedelta(microseconds=1)) == []
    assert store.write(outbound.sweep, Letter, now=later).unknown == [row]
    assert look(store, Letter, row).state == "unknown"
    assert lease(store, Letter, by="modem-2", now=later + timedelta(days=1)) == []
    assert store.read(outbound.next_due, Letter) is None


def test_the_late_word_of_the_sender_settles_an_unknown_sms(store: Store) -> None:
    sent, failed = put(store, Letter), put(store, Letter)
    lease(store, Letter)
    store.write(outbound.sweep, Letter, now=NOW + timedelta(seconds=60))
    assert not store.write(outbound.mark_sent, Letter, sent, by="modem-2", now=NOW)
    assert store.write(outbound.mark_sent, Letter, sent, by="modem-1", now=NOW)
    assert (
        store.write(outbound.mark_failed, Letter, failed, by="modem-1", now=NOW, error="no network")
        == "queued"
    )
    assert look(store, Letter, sent).state == "sent"


def test_a_callback_whose_sender_died_goes_to_the_next_one_and_the_dead_one_is_too_late(store: Store) -> None:
    row = put(store, Call)
    lease(store, Call, by="a")
    later = NOW + timedelta(seconds=61)
    assert lease(store, Call, by="b", now=later) == [row]
    assert not store.write(outbound.mark_sent, Call, row, by="a", now=later)
    assert store.write(outbound.mark_failed, Call, row, by="a", now=later, error="late") == "leased"
    assert store.write(outbound.mark_sent, Call, row, by="b", now=later)


def test_a_callback_that_kills_its_sender_each_time_ends_as_dead(store: Store) -> None:
    row = put(store, Call, max_attempts=3)
    now = NOW
    for _ in range(3):
        assert lease(store, Call, now=now) == [row]
        now += timedelta(seconds=61)
    assert store.write(outbound.sweep, Call, now=now).dead == [row]
    assert lease(store, Call, now=now) == []


def test_a_failure_waits_longer_each_time_and_gives_up_at_the_ceiling(store: Store) -> None:
    row = put(store, Call, max_attempts=3)
    now, states = NOW, []
    for _ in range(3):
        assert lease(store, Call, now=now) == [row]
        states.append(store.write(outbound.mark_failed, Call, row, by="modem-1", now=now, error="50\0" + "3"))
        states.append((look(store, Call, row).due_at - now).total_seconds())
        now = look(store, Call, row).due_at
    assert states == ["queued", 1.0, "queued", 2.0, "dead", 4.0]
    assert look(store, Call, row).error == "503"
    assert lease(store, Call, now=now + timedelta(days=1)) == []


def test_a_permanent_refusal_is_not_tried_again(store: Store) -> None:
    row = put(store, Letter)
    lease(store, Letter)
    state = store.write(
        outbound.mark_failed, Letter, row, by="modem-1", now=NOW, error="21211", permanent=True
    )
    assert state == look(store, Letter, row).state == "failed"
    assert lease(store, Letter, now=NOW + timedelta(days=1)) == []


def test_a_lost_acknowledgement_is_unknown(store: Store) -> None:
    row = put(store, Letter)
    lease(store, Letter)
    assert not store.write(outbound.mark_unknown, Letter, row, by="modem-2", now=NOW, error="no answer")
    assert store.write(outbound.mark_unknown, Letter, row, by="modem-1", now=NOW, error="no answer")
    assert (look(store, Letter, row).state, look(store, Letter, row).error) == ("unknown", "no answer")


@pytest.mark.parametrize("model", [Letter, Call])
def test_nothing_is_sent_after_its_deadline(store: Store, model: type[Outbound]) -> None:
    row = put(store, model, deadline=NOW)
    held = put(store, model, deadline=NOW + 90 * SECOND)
    assert lease(store, model) == [held]
    assert look(store, model, row).state == "expired"
    assert lease(store, model, by="modem-2", now=NOW + 91 * SECOND) == []
    assert look(store, model, held).state == ("unknown" if model.at_most_once else "expired")


@pytest.mark.parametrize("state", ["dead", "failed", "unknown", "expired"])
def test_an_operator_sends_it_again_with_all_attempts_and_the_sender_wakes(store: Store, state: str) -> None:
    row = put(store, Letter, state=state, attempts=3, leased_by="modem-1", due_at=NOW + timedelta(days=1))
    with closing(store.signals.listen("letters")) as listener:
        store.write(outbound.resend, Letter, row, now=NOW)
        assert listener.wait(5)
    assert not store.write(outbound.mark_sent, Letter, row, by="modem-1", now=NOW)
    assert lease(store, Letter) == [row]
    assert look(store, Letter, row).attempts == 1


@pytest.mark.parametrize("state", ["queued", "leased", "sent", "delivered"])
def test_what_is_on_its_way_or_there_is_not_sent_again(store: Store, state: str) -> None:
    row = put(store, Letter, state=state)
    with pytest.raises(Conflict) as refused:
        store.write(outbound.resend, Letter, row, now=NOW)
    assert (refused.value.code, refused.value.data["state"]) == ("not_resendable", state)


def test_after_the_deadline_an_operator_must_name_a_new_one(store: Store) -> None:
    row = put(store, Letter, state="expired", deadline=NOW)
    with pytest.raises(Conflict) as refused:
        store.write(outbound.resend, Letter, row, now=NOW)
    assert refused.value.code == "past_deadline"
    store.write(outbound.resend, Letter, row, now=NOW, deadline=NOW + SECOND)
    assert lease(store, Letter) == [row]


def test_a_row_that_is_not_there_is_said_so(store: Store) -> None:
    for work in (
        lambda tx: outbound.resend(tx, Letter, 999, now=NOW),
        lambda tx: outbound.mark_failed(tx, Letter, 999, by="m", now=NOW, error="?"),
    ):
        with pytest.raises(NotFound):
            store.write(work)


def test_a_sender_knows_when_to_look_again(store: Store) -> None:
    assert store.read(outbound.next_due, Call) is None
    put(store, Call, due_at=NOW + 70 * SECOND)
    assert store.read(outbound.next_due, Call) == NOW + 70 * SECOND
    put(store, Call)
    lease(store, Call)
    assert store.read(outbound.next_due, Call) == NOW + 60 * SECOND


def test_many_senders_lease_each_row_once(database_url: str) -> None:
    taken: list[int] = []
    with closing(Store(database_url)) as one, closing(Store(database_url)) as two:
        rows = [put(one, Letter, priority=number % 3) for number in range(60)]

        def send(store: Store, by: str) -> None:
            while ids := lease(store, Letter, by=by, limit=3):
                for row in ids:
                    assert store.write(outbound.mark_sent, Letter, row, by=by, now=NOW)
                taken.extend(ids)

        threads = [
            threading.Thread(target=send, args=(s, f"m{n}")) for n, s in enumerate((one, two, one, two))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(taken) == rows
        states = one.read(lambda tx: set(tx.execute(select(table_of(Letter).c.state)).scalars()))
        assert states == {"sent"}


def test_leasing_reads_the_partial_indexes(sqlite_url: str) -> None:
    create(sqlite_url)
    statements = outbound._statements(table_of(Letter))
    assert "USING INDEX ix_letter_lease" in plan_of(sqlite_url, statements.ended)
    assert "USING INDEX ix_letter_deadline" in plan_of(sqlite_url, statements.overdue)
    plan = plan_of(sqlite_url, statements.next)
    assert "USING INDEX ix_letter_due" in plan
    assert "TEMP B-TREE" not in plan


def test_a_work_may_lease_and_roll_back(store: Store) -> None:
    row = put(store, Letter)

    def lease_and_fail(tx: Tx) -> None:
        outbound.lease(tx, Letter, by="m", now=NOW, seconds=60, limit=1)
        raise Conflict("changed", "never mind")

    with pytest.raises(Conflict):
        store.write(lease_and_fail)
    assert lease(store, Letter) == [row]
