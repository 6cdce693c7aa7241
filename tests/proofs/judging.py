"""Compares what was decided with what was meant. Knows the leaders' intents and the tables, no rule of the system."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from approval_core.approvals.models import Decision, Request
from approval_core.audit import verify
from approval_core.columns import table_of
from approval_core.store import Row, Tx
from sms_modem.models import inbound_outcomes, inbound_sms, outbound_sms, prompts
from tests.proofs.leaders import Intent, Seen
from tests.proofs.office_world import OfficeWorld

decisions, requests = table_of(Decision), table_of(Request)

_ENDINGS = select(
    inbound_outcomes.c.inbound_id,
    inbound_outcomes.c.outcome,
    inbound_outcomes.c.reason,
    inbound_outcomes.c.code,
    inbound_outcomes.c.decision_id,
)
_DECISIONS = select(
    decisions.c.id,
    decisions.c.request_id,
    decisions.c.task_revision,
    decisions.c.content_hash,
    decisions.c.verdict,
    decisions.c.channel,
    decisions.c.evidence,
)
_PROMPTS = select(
    outbound_sms.c.id, prompts.c.request_id, prompts.c.task_revision, prompts.c.content_hash
).join(prompts, prompts.c.id == outbound_sms.c.prompt_id)
_INBOUND = select(
    inbound_sms.c.id,
    inbound_sms.c.sender,
    inbound_sms.c.state,
    inbound_sms.c.faults,
    inbound_sms.c.answered_by,
)
_ANSWERS = (
    select(outbound_sms.c.inbound_id, func.count().label("answers"))
    .where(outbound_sms.c.inbound_id.is_not(None))
    .group_by(outbound_sms.c.inbound_id)
)
_COPIES = select(func.sum(inbound_sms.c.copies - 1))


@dataclass
class Judgement:
    """Counts; the lists name the replies (inbound ids) that are faults."""

    replies: int = 0
    settled: int = 0
    decided_by_code: int = 0
    decided_bare: int = 0
    undone: int = 0
    #: through a code: each of these must stay empty
    wrong_item: list[int] = field(default_factory=list)
    wrong_verdict: list[int] = field(default_factory=list)
    wrong_content: list[int] = field(default_factory=list)
    wrong_undo: list[int] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    #: codes that must do nothing, and did something
    outdated_acted: list[int] = field(default_factory=list)
    mistyped_acted: list[int] = field(default_factory=list)
    stale_acted: list[int] = field(default_factory=list)
    outdated: int = 0
    mistyped: int = 0
    stale: int = 0
    #: bare replies: counted and shown
    bare_wrong_item: list[int] = field(default_factory=list)
    bare_wrong_content: list[int] = field(default_factory=list)
    bare_wrong_verdict: list[int] = field(default_factory=list)
    bare_wrong_undo: list[int] = field(default_factory=list)
    #: requests an hour of the phone → what became of its bare replies
    bare: dict[float, Counter[str]] = field(default_factory=dict)
    #: C6
    without_outcome: list[int] = field(default_factory=list)
    too_many_outcomes: list[int] = field(default_factory=list)
    too_many_answers: list[int] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    unexplained_decisions: list[int] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    audit_entries: int = 0
    audit_problems: list[str] = field(default_factory=list)

    def sins(self) -> dict[str, int]:
        """Everything that must not be, with its count; bare replies aside."""
        return {
            name: len(found)
            for name, found in vars(self).items()
            if isinstance(found, list) and found and not name.startswith("bare_")
        }

    def add(self, other: Judgement) -> None:
        """Several worlds, one verdict."""
        for name, theirs in vars(other).items():
            if name == "bare":
                for rate, counts in theirs.items():
                    self.bare.setdefault(rate, Counter()).update(counts)
            else:
                setattr(self, name, getattr(self, name) + theirs)


class Judge:
    def __init__(self, world: OfficeWorld) -> None:
        self._world = world
        self._items = {item.request_id: item for item in world.items.values()}

    def judge(self) -> Judgement:
        return self._world.store.read(self._judged)

    def _judged(self, tx: Tx) -> Judgement:
        found = Judgement()
        self._decisions: dict[int, Row] = {row.id: row for row in tx.run(_DECISIONS)}
        self._prompts = {row.id: row for row in tx.run(_PROMPTS)}
        endings: dict[int, list[Any]] = {}
        for row in tx.run(_ENDINGS):
            endings.setdefault(row.inbound_id, []).append(row)
        answers = {row.inbound_id: row.answers for row in tx.run(_ANSWERS)}
        for row in tx.run(_INBOUND):
            found.replies += 1
            found.settled += row.state == "settled"
            if row.faults:
                found.faults.append(row.id)
            if answers.get(row.id, 0) > 1 or (answers.get(row.id, 0) == 1) != (row.answered_by is not None):
                found.too_many_answers.append(row.id)
            intent = self._world.intents[row.id]
            self._reply(found, row.id, intent, endings.get(row.id, []))
            if not intent.by_code:
                self._bare(found, row.id, self._world.leader(row.sender).rate, endings.get(row.id, []))
        self._nothing_unexplained(found, endings)
        found.copies = int(tx.run(_COPIES).scalar() or 0)
        report = verify(tx, public_key=self._world.key.public_key())
        found.audit_entries = report.entries
        found.audit_problems = [str(problem) for problem in report.problems]
        return found

    def _reply(self, found: Judgement, sms_id: int, intent: Intent, endings: list[Any]) -> None:
        if not endings:
            found.without_outcome.append(sms_id)
        if len(endings) > max(1, len({one.code for one in intent.meant})):
            found.too_many_outcomes.append(sms_id)
        found.outcomes.update(ending.outcome for ending in endings)
        acted = [one for one in endings if one.outcome in ("DECIDED", "UNDONE")]
        self._must_do_nothing(found, sms_id, intent, acted)
        for ending in acted:
            decision = self._decisions[ending.decision_id]
            if ending.outcome == "UNDONE":
                self._undone(found, sms_id, intent, decision)
            else:
                meant = [one for one in intent.meant if not intent.by_code or one.code == ending.code]
                self._decided(found, sms_id, intent, meant or list(intent.meant), decision)

    @staticmethod
    def _bare(found: Judgement, sms_id: int, rate: float, endings: list[Any]) -> None:
        counts = found.bare.setdefault(rate, Counter())
        outcomes = {one.outcome for one in endings}
        counts["replies"] += 1
        counts["acted"] += not outcomes.isdisjoint({"DECIDED", "UNDONE"})
        counts["asked"] += "ASKED" in outcomes
        counts["wrong item"] += bool(found.bare_wrong_item and found.bare_wrong_item[-1] == sms_id)
        counts["wrong content"] += bool(found.bare_wrong_content and found.bare_wrong_content[-1] == sms_id)
        counts["wrong undo"] += bool(found.bare_wrong_undo and found.bare_wrong_undo[-1] == sms_id)

    def _must_do_nothing(self, found: Judgement, sms_id: int, intent: Intent, acted: list[Any]) -> None:
        decided = [one for one in acted if one.outcome == "DECIDED"]
        if intent.typed in ("slip", "swap"):
            found.mistyped += 1
            if acted:
                found.mistyped_acted.append(sms_id)
        elif intent.typed == "stale":
            found.stale += 1
            if acted:
                found.stale_acted.append(sms_id)
        elif intent.by_code and len(intent.meant) == 1 and sms_id in self._world.outdated:
            found.outdated += 1
            if decided:
                found.outdated_acted.append(sms_id)

    def _undone(self, found: Judgement, sms_id: int, intent: Intent, decision: Row) -> None:
        found.undone += 1
        meant = {one.item for one in intent.meant}
        if self._items[decision.request_id].number not in meant:
            (found.wrong_undo if intent.by_code else found.bare_wrong_undo).append(sms_id)

    def _decided(
        self, found: Judgement, sms_id: int, intent: Intent, asked: list[Seen], decision: Row
    ) -> None:
        """`asked`: the questions on his phone that he answered: of several codes the one that acted."""
        item = self._items[decision.request_id]
        meant = next((one for one in asked if one.item == item.number), None)
        if intent.by_code:
            found.decided_by_code += 1
            wrong_item, wrong_content, wrong_verdict = (
                found.wrong_item,
                found.wrong_content,
                found.wrong_verdict,
            )
        else:
            found.decided_bare += 1
            wrong_item, wrong_content = found.bare_wrong_item, found.bare_wrong_content
            wrong_verdict = found.bare_wrong_verdict
        if meant is None:
            wrong_item.append(sms_id)
            return
        if decision.content_hash != item.contents[meant.version] or not self._as_asked(meant, decision):
            wrong_content.append(sms_id)
        if decision.verdict != intent.verdict:
            wrong_verdict.append(sms_id)

    def _as_asked(self, meant: Seen, decision: Row) -> bool:
        """The second witness, beside the text: the prompt that this very SMS carried."""
        prompt = self._prompts[meant.sms_id]
        return (prompt.request_id, prompt.task_revision, prompt.content_hash) == (
            decision.request_id,
            decision.task_revision,
            decision.content_hash,
        )

    def _nothing_unexplained(self, found: Judgement, endings: dict[int, list[Any]]) -> None:
        """Every decision by SMS stands on the outcome of one reply, and on one only."""
        made = Counter(
            one.decision_id for rows in endings.values() for one in rows if one.outcome == "DECIDED"
        )
        found.twice.extend(decision_id for decision_id, times in made.items() if times > 1)
        for decision in self._decisions.values():
            if decision.channel == "sms" and (
                made[decision.id] != 1 or not decision.evidence.startswith("sms_inbound:")
            ):
                found.unexplained_decisions.append(decision.id)
