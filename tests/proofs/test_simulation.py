"""B1: through a code no decision ever falls on an item, a content or a verdict that the leader did not mean.

Simulated offices over the real services and a real store, on virtual time, with delays, losses, repeated replies, edits
after the prompt, mistyped and stale codes. For bare replies the share of wrong items is printed, with the rest time of
C1(c) and without it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from approval_core.store import Store
from sms_modem import service
from sms_modem.settings import SmsSettings
from tests.databases import SqliteFiles
from tests.proofs.careless_desks import CarelessDesk, nearest_code, newest, whatever_content
from tests.proofs.judging import Judge, Judgement
from tests.proofs.office_world import Answering, OfficeWorld, Tally

#: replies in all for each rest time, replies in one office, phones in it
SCALES = {"small": (10_000, 5_000, 400), "full": (500_000, 10_000, 200)}
#: the same for each engine; the full office lives for more than 72 hours, so that codes are given again
ENGINES = {"small": (300, 60), "full": (25_000, 60)}
CERTAIN = ("DECIDED", "UNDONE", "ALREADY_SAME", "ALREADY_OTHER", "CHANGED", "ASKED", "DUPLICATE")


@dataclass
class Proof:
    """Several offices, judged together."""

    judgement: Judgement = field(default_factory=Judgement)
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0

    def add(self, other: Proof) -> None:
        self.judgement.add(other.judgement)
        self.tally.add(other.tally)
        self.seconds += other.seconds


def simulate(
    store: Store,
    replies: int,
    *,
    seed: int,
    phones: int,
    bare_rest: int = 7200,
    answering: Answering = service.answer_all,
) -> Proof:
    settings = SmsSettings(bare_rest=bare_rest)
    began = time.monotonic()
    world = OfficeWorld(store, seed=seed, phones=phones, settings=settings, answering=answering)
    world.run(replies)
    took = time.monotonic() - began
    return Proof(Judge(world).judge(), world.tally, took)


@contextmanager
def office(files: SqliteFiles) -> Iterator[Store]:
    opened = Store(files.migrated())
    try:
        yield opened
    finally:
        opened.close()


def report(proof: Proof, what: str) -> str:
    found, tally = proof.judgement, proof.tally
    elsewhere = tally.elsewhere / tally.items
    lines = [
        f"{what}: {tally.replies:,} replies in {proof.seconds:.0f} s",
        f"  {tally.items:,} items, {tally.most_open} open at most on a phone, {elsewhere:.0%} closed or changed elsewhere,",
        f"  {tally.edits:,} edits; SMS: {tally.lost:,} lost, {tally.late:,} late, {tally.unacknowledged:,} unacknowledged,",
        f"  {tally.same_pdu:,} handed over twice, {tally.pressed_again:,} typed twice",
        f"  through a code: {found.decided_by_code:,} decisions; wrong item {len(found.wrong_item)},",
        f"  wrong content {len(found.wrong_content)}, wrong verdict {len(found.wrong_verdict)};",
        f"  {found.undone:,} undone, wrong through a code {len(found.wrong_undo)}",
        f"  refused: {_of(found.outdated, found.outdated_acted)} codes of changed items,",
        f"  {_of(found.mistyped, found.mistyped_acted)} mistyped, {_of(found.stale, found.stale_acted)} stale",
    ]
    for rate, counts in sorted(found.bare.items()):
        wrong = counts["wrong item"] + counts["wrong content"] + counts["wrong undo"]
        lines.append(
            f"  bare, {rate:g} requests an hour: {counts['replies']:,} replies, {counts['acted']:,} acted,"
            f" {counts['asked']:,} asked back, wrong {wrong} = {wrong / counts['replies']:.3%} (another item"
            f" {counts['wrong item']}, other content {counts['wrong content']}, another undo {counts['wrong undo']})"
        )
    shown = ", ".join(f"{name} {count:,}" for name, count in found.outcomes.most_common())
    lines.append(f"  outcomes: {shown}")
    lines.append(f"  audit: {found.audit_entries:,} entries, {len(found.audit_problems)} problems")
    return "\n".join(lines)


def _of(whole: int, acted: list[int]) -> str:
    return f"{whole - len(acted):,} of {whole:,}"


def check(proof: Proof) -> None:
    found, tally = proof.judgement, proof.tally
    assert found.sins() == {}
    assert found.settled == found.replies
    assert found.replies + found.copies == tally.replies, "a reply that came in has no row"
    assert not found.bare_wrong_verdict


def check_that_it_was_hard(proof: Proof) -> None:
    """A simulation in which nothing happens proves nothing."""
    found, tally = proof.judgement, proof.tally
    assert found.decided_by_code > found.replies // 4
    assert (
        min(found.outdated, found.mistyped, found.stale, found.undone, tally.edits, tally.late, tally.lost)
        > 0
    )
    assert min(found.outcomes[name] for name in CERTAIN) > 0, found.outcomes
    assert sum(counts["acted"] for counts in found.bare.values()) > 0
    assert tally.most_open >= 15


@pytest.mark.parametrize("bare_rest", [7200, 0], ids=["rest of 2 h", "no rest"])
def test_a_code_decides_only_what_it_was_sent_for(
    bare_rest: int, sqlite_files: SqliteFiles, scale: str, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    replies, each, phones = SCALES[scale]
    whole = Proof()
    for number in range(replies // each):
        with office(sqlite_files) as store:
            whole.add(simulate(store, each, seed=seed + number, phones=phones, bare_rest=bare_rest))
    with capsys.disabled():
        print(f"\n{report(whole, f'seed {seed}, bare_rest {bare_rest} s')}")
    check(whole)
    check_that_it_was_hard(whole)


def test_each_engine_keeps_the_promise(
    store: Store, scale: str, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same office on SQLite and on PostgreSQL, fewer replies."""
    replies, phones = ENGINES[scale]
    proof = simulate(store, replies, seed=seed, phones=phones)
    with capsys.disabled():
        print(f"\n{report(proof, f'seed {seed}, {store.engine.dialect.name}')}")
    check(proof)


@pytest.mark.parametrize(
    ("desk", "sins"),
    [
        (CarelessDesk(newest), {"wrong_item"}),
        (CarelessDesk(newest, always_yes=True), {"wrong_item", "wrong_verdict"}),
        (CarelessDesk(whatever_content), {"wrong_content", "outdated_acted"}),
        (CarelessDesk(nearest_code), {"mistyped_acted"}),
        (CarelessDesk(whatever_content, outcomes=2), {"too_many_outcomes", "twice"}),
        (CarelessDesk(whatever_content, outcomes=0), {"without_outcome", "unexplained_decisions"}),
    ],
    ids=["newest item", "always yes", "code means the request", "almost right", "two outcomes", "no outcome"],
)
def test_the_judge_sees_a_careless_desk(
    desk: CarelessDesk, sins: set[str], sqlite_files: SqliteFiles, seed: int
) -> None:
    with office(sqlite_files) as store:
        proof = simulate(store, 400, seed=seed, phones=40, answering=desk)
    assert sins <= set(proof.judgement.sins())
