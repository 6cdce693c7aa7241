"""Goes a way in thought: the functions that choose people and branches are those of a real request; nothing is written.

Everybody who is asked is thought to approve. Where one of several decides, what follows from who it is (F10, F12) is
said as `perhaps`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from approval_core.approvals import choosing
from approval_core.approvals.choosing import Choice
from approval_core.approvals.foreseen import (
    Asked,
    BranchAhead,
    ChoiceDue,
    CopyAhead,
    Entry,
    Expected,
    Note,
    Outcome,
    StepAhead,
    Words,
)
from approval_core.approvals.journey import Journey
from approval_core.approvals.past import Approval, InThought, Spoken
from approval_core.approvals.rules import blocks, moves
from approval_core.approvals.rules.blocks import Block
from approval_core.approvals.rules.moves import Vote
from approval_core.errors import Invalid
from approval_core.people import queries as people
from approval_core.people.queries import Candidate

#: what a decision may reach at most: so that it perhaps stands for a later, surer step
HIGHEST = 4
#: stands for whoever of several decides
NOBODY = 0
_OWN = {
    "up": Note("own_up", "审批人为申请人本人，改由上一级审批", "the applicant is the approver: one level up"),
    "auto": Note(
        "own_auto", "审批人为申请人本人，自动通过并留痕", "the applicant is the approver: on record"
    ),
    "forbid": Note("own_forbid", "申请人不得审批本环节", "the applicant may not decide here"),
}
_INSTEAD = Note(
    "instead", "本环节规则未找到人，改由备用人员审批", "the step's own rules name nobody: these instead"
)
_APART = Note("apart", "按岗位分离规定已排除有关人员", "people are left out by separation of duties")


class Walk:
    """One way in thought. `journey.past` is what this walk has come through."""

    def __init__(self, journey: Journey, sure: InThought | None = None) -> None:
        self.journey = journey
        self.sure = InThought() if sure is None else sure
        self.perhaps = InThought(sure=False, position=self.sure.position)
        self.entries: list[Entry] = []
        self.choices: list[ChoiceDue] = []

    def sequence(
        self, path: str, start: int = 0, within: tuple[str, ...] = (), *, fresh: bool = False
    ) -> None:
        """The blocks of a sequence from one on. `fresh`: the first is asked whatever was approved before."""
        for at, block in enumerate(blocks.sequence_at(self.journey.route, path)):
            if at < start:
                continue
            kind = blocks.kind_of(block)
            if kind == "step":
                self._step(block, within, fresh=fresh and at == start)
            elif kind == "copy":
                self._copy(block, within)
            else:
                self._branches(path, at, block, within)

    def _step(self, block: Block, within: tuple[str, ...], *, fresh: bool) -> None:
        self.journey.past = self.sure
        choice = choosing.choose(self.journey, block, fresh=fresh)
        due = self._choices(block, choice)
        outcome, why = self._outcome(block, choice, due)
        expected = tuple(self._expected(block, one, choice) for one in choice.people)
        self.entries.append(
            StepAhead(
                blocks.id_of(block), block.get("name"), within, outcome, expected, block["mode"],
                block.get("threshold"), self.journey.policy.sms_in(block, self.journey.matter.amount),
                self.journey.policy.floor_in(block), why, _notes(choice, block, outcome), choice.gaps, choice.apart,
            )
        )  # fmt: skip
        self.remember(block, choice.people, choice if outcome == "passes" else None)

    def _outcome(
        self, block: Block, choice: Choice, due: Sequence[ChoiceDue]
    ) -> tuple[Outcome, Words | None]:
        if choice.people:
            votes = [
                Vote(one.weight, "approve" if one.person_id in choice.merged else None)
                for one in choice.people
            ]
            settled = moves.outcome(block["mode"], votes, threshold=block.get("threshold"))
            return ("passes" if choice.merged and settled == "approved" else "asks"), None
        if choice.skip:
            return "skipped", choice.reason
        if any(one.problem for one in due):
            return "choose", choice.reason
        if any(gap.rule == "SELECT_BY_APPROVER" and gap.code == "not_chosen" for gap in choice.gaps):
            return "later", choice.reason
        return "stops", choice.reason

    def _expected(self, block: Block, one: Candidate, choice: Choice) -> Expected:
        shown = choice.merged.get(one.person_id)
        if shown is not None:
            return Expected(one, "merged", _merged_words(shown.ref))
        self.journey.past = self.perhaps
        apart = choosing.separated_from(self.journey, blocks.id_of(block))
        if apart and apart.bars(one.person_id, choosing.answering_unit(self.journey, one)):
            words = {
                "zh": "如其审批前面的分离环节，则不能审批本环节",
                "en": "not if he decides the step kept apart",
            }
            return Expected(one, "perhaps_apart", words)
        maybe = choosing.approved_before(
            self.journey.policy.merge, _latest(self.sure, self.perhaps), [one]
        ).get(one.person_id)
        if maybe is not None and not self.journey.policy.given:
            words = {
                "zh": "如其已审批前面环节，则不再重复审批",
                "en": "not asked again if he approved before",
            }
            return Expected(one, "perhaps_merged", words)
        return Expected(one, "asked")

    def remember(self, block: Block, asked: Sequence[Candidate], passed: Choice | None = None) -> None:
        """Who will have decided this step for certain, and who perhaps."""
        if not asked:
            return
        name, floor = blocks.id_of(block), self.journey.policy.floor_in(block)
        position = max(self.sure.position, self.perhaps.position) + 1
        certain = passed is not None or len(asked) == 1 or block["mode"] in ("all", "sequence")
        deciding = [one for one in asked if passed is None or one.person_id in passed.merged]
        into, level = (self.sure, floor) if certain else (self.perhaps, HIGHEST)
        into.add(
            name,
            [
                Spoken(frozenset({one.person_id}), choosing.answering_unit(self.journey, one))
                for one in deciding
            ],
            [
                Approval(
                    one.person_id,
                    level if passed is None else passed.merged[one.person_id].level,
                    position,
                    f"step:{name}",
                )
                for one in deciding
            ],
        )
        into.position = position
        if not certain:  # somebody: what lies before is no longer the step before
            self.sure.add(name, [], [Approval(NOBODY, 0, position, "")])

    def _branches(self, path: str, at: int, block: Block, within: tuple[str, ...]) -> None:
        kind, name = blocks.kind_of(block), blocks.id_of(block)
        try:
            found = choosing.ways(self.journey, block)
        except Invalid as error:
            why = {
                "zh": f"条件无法判断：{error.data.get('zh', error.message)}",
                "en": f"a condition cannot be answered: {error.message}",
            }
            self.entries.append(BranchAhead(kind, name, within, (), why=why))
            return
        taken = [way[1] if len(way) > 1 else way[0] for way in found.taken]
        if kind != "sub":
            answers = tuple(Asked(when, held) for when, held in found.answers)
            self.entries.append(
                BranchAhead(kind, name, within, tuple(taken), answers, block.get("join", "all"))
            )
        runs = [(blocks.inside(path, at, *way), inner(block, way, within)) for way in found.taken]
        if len(runs) == 1:
            self.sequence(runs[0][0], 0, runs[0][1])
        else:
            self.beside(block, [partial(self.sequence, here, 0, deeper) for here, deeper in runs])

    def beside(self, block: Block, runs: Sequence[Callable[[], None]]) -> None:
        """Branches run side by side: what is decided in one is not known in the other, and known behind them."""
        sure, perhaps = self.sure, self.perhaps
        all_of_them = blocks.needed(block, len(runs)) == len(runs)
        ended: list[tuple[InThought, InThought]] = []
        for run in runs:
            self.sure, self.perhaps = sure.copy(), perhaps.copy()
            self.sure.position = max([sure.position, *(one.position for one, _ in ended)])
            run()
            ended.append((self.sure, self.perhaps))
        self.sure, self.perhaps = sure.copy(), perhaps.copy()
        (self.sure if all_of_them else self.perhaps).join(sure, [one for one, _ in ended])
        self.perhaps.join(perhaps, [other for _, other in ended])

    def _copy(self, block: Block, within: tuple[str, ...]) -> None:
        found = choosing.resolved(self.journey, block["to"], blocks.id_of(block))
        self.entries.append(CopyAhead(blocks.id_of(block), within, found.people, found.gaps))

    def _choices(self, block: Block, choice: Choice) -> list[ChoiceDue]:
        rules = block["when_empty"] if choice.instead else block["approvers"]
        due = [self._due(block, rule) for rule in rules if rule["rule"] == "SELECT_BY_APPLICANT"]
        self.choices += due
        return due

    def _due(self, block: Block, rule: Mapping[str, Any]) -> ChoiceDue:
        journey, name = self.journey, blocks.id_of(block)
        case = choosing.case_of(journey, name)
        chosen = tuple(dict.fromkeys(case.chosen.get(name, ())))
        within = people.choices(journey.tx, rule, case=case, now=journey.now)
        found = people.resolve(journey.tx, [rule], case=case, now=journey.now)
        problem, why = found.code, None
        if found.people:
            strange = [one for one in chosen if one not in {person.account for person in found.people}]
            names = "、".join(strange)
            problem = "unknown" if strange else None
            why = (
                {"zh": f"{names} 不存在或已离开", "en": f"{names}: unknown here, or has left"}
                if strange
                else None
            )
        else:
            why = {"zh": found.gaps[0].zh, "en": found.gaps[0].en}
            problem = "unknown" if problem == "left" else problem
        return ChoiceDue(
            name, block.get("name"), bool(rule.get("many", False)), None if within is None else within.people,
            chosen, problem, why,
        )  # fmt: skip


def inner(block: Block, way: tuple[str, ...], within: tuple[str, ...]) -> tuple[str, ...]:
    """Where the blocks of one way into a block lie."""
    if blocks.kind_of(block) == "sub":
        return within
    return (*within, f"{blocks.id_of(block)}:{way[1] if len(way) > 1 else way[0]}")


def _latest(sure: InThought, perhaps: InThought) -> list[Approval]:
    """Perhaps this one approved: those of the last step only when no later one is sure."""
    return [
        *perhaps.approvals(),
        *(Approval(one.person_id, HIGHEST, one.position, one.shown) for one in sure.approvals()),
    ]


def _merged_words(shown: str) -> Words:
    if shown == choosing.OWN.ref:
        return {"zh": "申请人本人，自动通过", "en": "the applicant himself: carried out on record"}
    where = shown.removeprefix("merged:").removeprefix("step:")
    return {"zh": f"已在 {where} 审批，不再重复", "en": f"approved at {where} already, not asked again"}


def _notes(choice: Choice, block: Block, outcome: Outcome) -> tuple[Note, ...]:
    found = [_OWN[choice.own]] if choice.own else []
    if choice.apart:
        found.append(_APART)
    if choice.instead:
        found.append(_INSTEAD)
    if outcome == "later":
        step = next(rule["step"] for rule in block["approvers"] if rule["rule"] == "SELECT_BY_APPROVER")
        found.append(Note("later", f"由环节 {step} 的审批人选定", f"chosen by the approver of step {step}"))
    return tuple(found)
