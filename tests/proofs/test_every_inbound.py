"""B6: no silent SMS. Whatever reaches us ends in its outcome, is answered at most once, and decides only what it says."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import bindparam, select

from approval_core import outbox, timers
from approval_core.approvals import service as approvals
from approval_core.approvals.models import Decision
from approval_core.columns import table_of
from approval_core.store import Row, Rows, Store, Tx
from sms_modem import handover, reactions, recording, service
from sms_modem.models import inbound_outcomes, inbound_parts, inbound_sms, outbound_sms, prompts
from sms_modem.rules.outcomes import Outcome
from sms_modem.rules.reading import Verdict
from sms_modem.rules.reply import parse_reply
from sms_modem.settings import SmsSettings
from sms_modem.transports.base import PartSent, Sent, joined
from tests.databases import SqliteFiles
from tests.factories import CLIENT, NOW, insert_person, step, submission
from tests.proofs.strange_inbounds import Fuzz, Posted

decisions = table_of(Decision)

SETTINGS = SmsSettings()
REACTIONS = reactions.reactions(SETTINGS)
HANDLERS = {"hold_end": approvals.on_hold_end}
SIM = recording.Receiver("sim-1", "own_sim", "+8613900000000")
LINE = handover.Line("sim-1", "sim-1#fuzzed", SIM.number)
PHONES, AT_ONCE = 24, 25
MORNING = NOW.replace(hour=2)
CARRIES = {Verdict.APPROVE: "approve", Verdict.REJECT: "reject"}

_LIVE = select(prompts.c.code).where(
    prompts.c.phone == bindparam("number"),
    prompts.c.state == "live",
    prompts.c.expires_at > bindparam("now"),
)
_INBOUND = select(inbound_sms)
_ENDINGS = select(inbound_outcomes)
_DECISIONS = select(decisions).where(decisions.c.channel == "sms")
_ANSWERS = select(outbound_sms.c.inbound_id).where(outbound_sms.c.inbound_id.is_not(None))
_PARTS = select(inbound_parts.c.inbound_id, inbound_parts.c.pdu)


@dataclass
class Desk:
    """Where the SMS come in. Every other minute each phone without a question is asked something."""

    store: Store
    fuzz: Fuzz
    numbers: list[str]
    now: datetime = MORNING
    refs: int = 0
    wholes: dict[int, str] = field(default_factory=dict)  #: inbound id → the text as it was composed

    def take_in(self, many: int) -> None:
        for start in range(0, many, AT_ONCE):
            self.now += timedelta(seconds=40)
            self.store.write(self._round, min(AT_ONCE, many - start))
        self.now += timedelta(seconds=SETTINGS.part_timeout + 1)
        self.store.write(recording.give_up_parts, timeout=SETTINGS.part_timeout, now=self.now)

    def _round(self, tx: Tx, many: int) -> None:
        while timers.fire_one(tx, HANDLERS, now=self.now):
            pass
        recording.give_up_parts(tx, timeout=SETTINGS.part_timeout, now=self.now)
        codes: dict[str, list[str]] = {}
        for _ in range(many):
            place = self.fuzz.chance.randrange(len(self.numbers))
            number = self.numbers[place]
            if number not in codes:
                codes[number] = [row.code for row in tx.run(_LIVE, number=number, now=self.now)]
                if len(codes[number]) < 2:
                    self._ask(tx, place)
            self._post(tx, self.fuzz.post(codes[number], number, self.now))
        self._send(tx)

    def _post(self, tx: Tx, posted: Posted) -> None:
        for piece in posted.pieces:
            for sms_id in recording.record_all(tx, [piece], transport=SIM, now=self.now):
                if posted.whole is not None:
                    self.wholes[sms_id] = posted.whole
                service.answer_all(tx, [sms_id], settings=SETTINGS, now=self.now)

    def _ask(self, tx: Tx, place: int) -> None:
        self.refs += 1
        what = submission(step(f"hy{place:05d}"), ref=f"F-{self.refs}", title=f"用车第{self.refs}号")
        approvals.submit(tx, what, actor=CLIENT, now=self.now)

    def _send(self, tx: Tx) -> None:
        while outbox.route(tx, REACTIONS, now=self.now):
            pass
        while outbox.deliver_one(tx, REACTIONS, now=self.now):
            pass
        while (claimed := handover.claim(tx, LINE, seconds=180, pause=20, now=self.now)) is not None:
            outcome = Sent((PartSent(1, claimed.outgoing.id % 256),))
            handover.handed_over(tx, claimed.outgoing.id, outcome, LINE, now=self.now)


#: fuzzed SMS in all, and in one database
SCALES = {"small": (1_500, 1_500), "full": (1_000_000, 20_000)}


def test_every_inbound_ends_in_one_outcome_and_decides_only_what_it_says(
    sqlite_files: SqliteFiles, scale: str, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, each = SCALES[scale]
    seen: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(whole // each):
        store = Store(sqlite_files.migrated())
        seen += _prove(store, each, seed + number)
        store.close()
    with capsys.disabled():
        print(_shown(f"{whole:,} fuzzed SMS on sqlite, seed {seed}, {time.monotonic() - began:.0f} s", seen))


def test_every_inbound_ends_in_one_outcome_on_postgresql_too(
    postgres_url: str, scale: str, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    each = SCALES[scale][1]
    store = Store(postgres_url)
    seen = _prove(store, each, seed)
    store.close()
    with capsys.disabled():
        print(_shown(f"{each:,} fuzzed SMS on postgresql, seed {seed}", seen))


def _prove(store: Store, many: int, seed: int) -> Counter[str]:
    numbers = [f"+86138{n:08d}" for n in range(PHONES)]
    for n, number in enumerate(numbers):
        store.write(insert_person, f"hy{n:05d}", number=number)
    desk = Desk(store, Fuzz(seed, numbers), numbers)
    desk.take_in(many)
    return store.read(_check, desk)


def _shown(what: str, outcomes: Counter[str]) -> str:
    return f"\n{what}: " + ", ".join(f"{name} {count:,}" for name, count in outcomes.most_common())


def _check(tx: Tx, desk: Desk) -> Counter[str]:
    inbounds = {row.id: row for row in tx.run(_INBOUND)}
    endings: dict[int, list[str]] = {}
    for row in tx.run(_ENDINGS):
        assert row.outcome in set(Outcome)
        assert row.reason
        endings.setdefault(row.inbound_id, []).append(row.outcome)
    answers = Counter(row.inbound_id for row in tx.run(_ANSWERS))
    for sms_id, sms in inbounds.items():
        assert sms.state == "settled", sms
        assert (sms.faults, sms.fault) == (0, None), sms
        reply = parse_reply(sms.text, signature=SETTINGS.signature)
        assert 1 <= len(endings[sms_id]) <= max(1, len(reply.codes)), sms
        assert answers[sms_id] <= 1, sms
        if sms_id in desk.wholes:
            assert sms.text == recording.readable(joined([desk.wholes[sms_id]])), sms
    _check_decisions(tx.run(_DECISIONS), inbounds, endings)
    seen: Counter[str] = Counter(outcome for each in endings.values() for outcome in each)
    assert seen["DECIDED"] > len(inbounds) // 100, "a fuzz that never decides proves little"
    assert {"UNBOUND", "UNDECODABLE", "PART_LOST", "UNCLEAR"} <= set(seen)
    return seen


def _check_decisions(made: Rows, inbounds: dict[int, Row], endings: dict[int, list[str]]) -> None:
    """Never a decision that the parser's reading of the whole text does not carry; none without its outcome."""
    by_sms: Counter[int] = Counter()
    for decision in made:
        sms_id = int(decision.evidence.removeprefix("sms_inbound:"))
        by_sms[sms_id] += 1
        sms = inbounds[sms_id]
        reply = parse_reply(sms.text, signature=SETTINGS.signature)
        assert CARRIES.get(reply.verdict) == decision.verdict, sms
        assert decision.comment == reply.comment, sms
        assert not sms.alphanumeric, sms
    for sms_id, count in by_sms.items():
        assert endings[sms_id].count("DECIDED") == count
