"""What a reply does on one phone at one moment: §3.2 of the rules, C1, C9, C10, C12 and S1."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sms_modem.rules.outcomes import (
    Outcome,
    answer_allowed,
    service_answer_allowed,
    which_time,
)
from sms_modem.rules.plan import bare_allowed, open_items, plan
from sms_modem.rules.reply import parse_reply
from sms_modem.rules.situation import (
    ClosedAs,
    ClosedBy,
    ClosedPrompt,
    Form,
    Held,
    OpenPrompt,
    Purpose,
    Situation,
)
from sms_modem.rules.steps import Answer, Decide, Harden, MarkRead, Pause, Resume, Step, SwitchOff, Undo

NOW = datetime(2012, 5, 3, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE, TWO, THREE = "2222", "2354", "2433"
WRONG = ("3257", "3329", "3434", "4279", "4348", "4523")


def prompt(code: str = ONE, task_id: int = 1, **changes: object) -> OpenPrompt:
    asked = OpenPrompt(
        prompt_id=task_id * 10,
        task_id=task_id,
        code=code,
        sent_at=NOW - 10 * MINUTE,
        expires_at=NOW + 60 * MINUTE,
        form=Form.BARE,
        path="sim-1",
    )
    return replace(asked, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def closed(code: str = THREE, **changes: object) -> ClosedPrompt:
    was = ClosedPrompt(
        prompt_id=90,
        task_id=9,
        code=code,
        closed_at=NOW - 5 * MINUTE,
        closed_as=ClosedAs.DECIDED,
        verdict="approve",
    )
    return replace(was, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def held(code: str = THREE, verdict: str = "approve", decided_at: datetime = NOW - MINUTE) -> Held:
    return Held(decision_id=7, task_id=9, code=code, verdict=verdict, decided_at=decided_at)


def at(*prompts: OpenPrompt, **changes: object) -> Situation:
    scene = Situation(received_at=NOW, open=prompts, path="sim-1")
    return replace(scene, **changes)  # type: ignore[arg-type]  # a test names the fields it changes


def does(text: str, situation: Situation) -> tuple[Step, ...]:
    return plan(parse_reply(text), situation)


def told(text: str, situation: Situation) -> tuple[Outcome, str | None]:
    (step,) = does(text, situation)
    assert not isinstance(step, Harden | SwitchOff)
    return step.outcome, step.answer


def test_a_bare_y_decides_the_only_item_printed_so() -> None:
    (step,) = does("同意，请尽快", at(prompt()))
    assert step == Decide(
        prompt_id=10,
        task_id=1,
        code=ONE,
        verdict="approve",
        level=1,
        comment="请尽快",
        answer="T06",
        reason="C1(c)",
    )
    (refused,) = does("N 材料不全", at(prompt()))
    assert isinstance(refused, Decide)
    assert (refused.verdict, refused.answer, refused.comment) == ("reject", "T07", "材料不全")


@pytest.mark.parametrize(
    "situation",
    [
        at(prompt(form=Form.CODED)),
        at(prompt(path="sim-2")),
        at(prompt(), own_sim=False),
        at(prompt(), prompt(TWO, 2)),
        at(prompt(), prompt(TWO, 2, handed_over=False)),
        at(prompt(), prompt(TWO, 2, purpose=Purpose.READ)),
        at(prompt(), prompt(TWO, 2, form=Form.NOTIFY)),
        at(prompt(), prompt(TWO, 2, expires_at=NOW - MINUTE)),
        at(prompt(), closed=(closed(closed_as=ClosedAs.WITHDRAWN),)),
        at(prompt(), closed=(closed(closed_by=ClosedBy.BARE),)),
        at(prompt(), closed=(closed(closed_at=NOW - timedelta(minutes=119)),)),
    ],
)
def test_a_bare_y_that_could_mean_anything_else_is_asked_for_the_code(situation: Situation) -> None:
    assert told("Y", situation) == (Outcome.ASKED, "T09")
    assert told("N", situation) == (Outcome.ASKED, "T09")


@pytest.mark.parametrize(
    "situation",
    [
        at(prompt(), closed=(closed(closed_by=ClosedBy.CODE),)),
        at(prompt(), closed=(closed(closed_at=NOW - timedelta(hours=2)),)),
        at(prompt(), closed=(closed(closed_by=ClosedBy.BARE),), bare_rest=timedelta()),
        at(prompt(), prompt(prompt_id=11, sent_at=NOW - MINUTE, form=Form.CODED)),
    ],
)
def test_what_a_code_closed_or_long_ago_does_not_disturb_a_bare_y(situation: Situation) -> None:
    (step,) = does("Y", situation)
    assert isinstance(step, Decide)
    assert step.task_id == 1


def test_a_second_bare_y_finds_nothing_open() -> None:
    assert told("Y", at(closed=(closed(closed_by=ClosedBy.BARE),), held=(held(),))) == (
        Outcome.NOTHING_OPEN,
        "T17",
    )


def test_codes_decide_each_item_by_itself_on_any_path() -> None:
    scene = at(prompt(form=Form.CODED), prompt(TWO, 2, form=Form.CODED), own_sim=False, path="web")
    steps = does(f"Y{TWO} {ONE} {THREE}", replace(scene, closed=(closed(),)))
    assert [type(step) for step in steps] == [Decide, Decide, Answer]
    assert [getattr(step, "task_id", None) for step in steps] == [2, 1, None]
    assert steps[2] == Answer(
        outcome=Outcome.ALREADY_SAME, answer="T12", code=THREE, prompt_id=90, reason="C7"
    )


@pytest.mark.parametrize(
    ("floor", "outcome"), [(0, Outcome.DECIDED), (1, Outcome.DECIDED), (2, Outcome.PROVISIONAL)]
)
def test_below_the_floor_a_bare_yes_is_provisional(floor: int, outcome: Outcome) -> None:
    assert told("Y", at(prompt(floor=floor)))[0] is outcome


@pytest.mark.parametrize(("floor", "outcome"), [(2, Outcome.DECIDED), (3, Outcome.PROVISIONAL)])
def test_below_the_floor_a_coded_yes_is_provisional(floor: int, outcome: Outcome) -> None:
    assert told(f"Y{ONE}", at(prompt(floor=floor)))[0] is outcome


def test_what_may_only_be_announced_is_not_approved_by_sms() -> None:
    assert told("Y", at(prompt(form=Form.NOTIFY))) == (Outcome.NOT_BY_SMS, "T19")
    assert told(f"Y{ONE}", at(prompt(decidable=False))) == (Outcome.NOT_BY_SMS, "T19")
    assert told(f"N{ONE}", at(prompt(form=Form.NOTIFY))) == (Outcome.UNKNOWN_CODE, "T16")


@pytest.mark.parametrize(
    ("situation", "text", "outcome", "answer"),
    [
        (at(), "Y", Outcome.NOTHING_OPEN, "T17"),
        (at(), "Y不同意", Outcome.CONTRADICTORY, "T17"),
        (at(), "原则同意", Outcome.UNCLEAR, "T17"),
        (at(), "收到", Outcome.COURTESY, "T17"),
        (at(), "👌", Outcome.UNCLEAR, "T17"),
        (at(prompt()), "Y不同意", Outcome.CONTRADICTORY, "T13"),
        (at(prompt()), "原则同意", Outcome.UNCLEAR, "T14"),
        (at(prompt()), "", Outcome.UNCLEAR, "T14"),
        (at(prompt()), "收到", Outcome.COURTESY, "T15"),
        (at(prompt()), f"收到{ONE}", Outcome.COURTESY, "T15"),
        (at(prompt()), ONE, Outcome.UNCLEAR, "T14"),
        (at(prompt()), f"X{ONE}", Outcome.UNCLEAR, "T14"),
        (at(prompt(), prompt(TWO, 2)), "Y不同意", Outcome.CONTRADICTORY, "T09"),
        (at(prompt(), prompt(TWO, 2)), "收到", Outcome.COURTESY, "T09"),
        (at(prompt(purpose=Purpose.READ)), "Y", Outcome.UNCLEAR, "T05"),
        (at(prompt(purpose=Purpose.READ)), f"N{ONE}", Outcome.UNCLEAR, "T05"),
        (at(prompt(), prompt(TWO, 2, purpose=Purpose.READ)), "收到", Outcome.COURTESY, "T09"),
        (at(prompt()), "待办", Outcome.LIST, "T23"),
        (at(), "待办", Outcome.LIST, "T17"),
        (at(prompt()), "帮助", Outcome.HELP, "T22"),
        (at(prompt()), f"详{ONE}", Outcome.DETAIL, "DETAIL"),
        (at(prompt()), "自动回复:Y", Outcome.AUTO, None),
        (at(prompt(), bound=False), "Y", Outcome.UNBOUND, None),
        (at(prompt(), repeat=True), "Y", Outcome.DUPLICATE, None),
        (at(prompt(no_conditions=True)), "同意，只限一次", Outcome.UNCLEAR, "T14"),
        (at(prompt(no_conditions=True)), f"Y{ONE}只限一次", Outcome.UNCLEAR, "T14"),
        (at(prompt(expires_at=NOW - MINUTE)), "Y", Outcome.EXPIRED, "T10"),
        (at(prompt(expires_at=NOW - MINUTE)), f"Y{ONE}", Outcome.EXPIRED, "T10"),
    ],
)
def test_one_outcome_and_one_answer(
    situation: Situation, text: str, outcome: Outcome, answer: str | None
) -> None:
    assert told(text, situation) == (outcome, answer)


def test_the_answer_to_one_open_item_shows_its_code() -> None:
    (step,) = does("原则同意", at(prompt()))
    assert isinstance(step, Answer)
    assert (step.code, step.prompt_id) == (ONE, 10)


def test_stop_and_start_act() -> None:
    assert does("退订", at(prompt())) == (Pause(),)
    assert does("KT", at()) == (Resume(),)


def test_a_courtesy_word_marks_an_item_read() -> None:
    for text in ("已阅", f"已阅{ONE}"):
        (step,) = does(text, at(prompt(purpose=Purpose.READ)))
        assert step == MarkRead(prompt_id=10, task_id=1, code=ONE, reason="R4")


@pytest.mark.parametrize(
    ("was", "text", "outcome", "answer"),
    [
        (closed(), "Y", Outcome.ALREADY_SAME, "T12"),
        (closed(), "N", Outcome.ALREADY_OTHER, "T12"),
        (closed(verdict="return"), "N", Outcome.ALREADY_SAME, "T12"),
        (closed(verdict="return"), "Y", Outcome.ALREADY_OTHER, "T12"),
        (closed(), "X", Outcome.CLOSED, "T12"),
        (closed(), "收到", Outcome.CLOSED, "T12"),
        (closed(verdict=None), "Y", Outcome.CLOSED, "T12"),
        (closed(closed_as=ClosedAs.EXPIRED), "Y", Outcome.EXPIRED, "T10"),
        (closed(closed_as=ClosedAs.CHANGED), "Y", Outcome.CHANGED, "T11"),
        (closed(closed_as=ClosedAs.WITHDRAWN), "Y", Outcome.CHANGED, "T11"),
        (closed(closed_as=ClosedAs.REASSIGNED), "N", Outcome.CHANGED, "T11"),
        (closed(closed_as=ClosedAs.UNDONE), "Y", Outcome.CHANGED, "T11"),
        (closed(closed_as=ClosedAs.REPLACED), "Y", Outcome.CHANGED, "T11"),
        (closed(closed_as=ClosedAs.READ), "收到", Outcome.ALREADY_SAME, None),
    ],
)
def test_a_reserved_code_is_told_what_became_of_it(
    was: ClosedPrompt, text: str, outcome: Outcome, answer: str | None
) -> None:
    assert told(text + THREE, at(prompt(), closed=(was,))) == (outcome, answer)


def test_x_takes_back_what_is_in_hold() -> None:
    undo = Undo(decision_id=7, task_id=9, code=THREE, reason="C10")
    scene = at(prompt(), closed=(closed(),), held=(held(),))
    assert does("X", scene) == (undo,)
    assert does(f"X{THREE}", scene) == (undo,)
    assert does(f"N{THREE}", scene) == (undo,)
    assert told(f"Y{THREE}", scene) == (Outcome.ALREADY_SAME, "T12")
    assert told(f"已阅{THREE}", scene) == (Outcome.CLOSED, "T12")


def test_x_without_a_code_asks_when_two_are_in_hold_and_says_when_none_is() -> None:
    two = (held(), replace(held(TWO, "reject"), decision_id=8))
    assert told("X", at(held=two)) == (Outcome.ASKED, "T09X")
    assert told("X", at(prompt())) == (Outcome.NOTHING_OPEN, "T17")


def test_an_x_that_was_under_way_takes_back_nothing_decided_since() -> None:
    since = at(held=(held(decided_at=NOW - 5 * timedelta(seconds=1)),), smsc_time=NOW - MINUTE)
    assert told("X", since) == (Outcome.NOTHING_OPEN, "T17")
    assert told("N", since) == (Outcome.NOTHING_OPEN, "T17")
    (step,) = does(f"X{THREE}", since)
    assert isinstance(step, Undo)


def test_a_bare_n_takes_ones_own_yes_back_only_when_nothing_else_is_live() -> None:
    (step,) = does("N", at(held=(held(),), closed=(closed(closed_by=ClosedBy.BARE),)))
    assert isinstance(step, Undo)
    assert told("N", at(prompt(), held=(held(),), bare_rest=timedelta())) == (Outcome.ASKED, "T09")
    assert told("N", at(prompt(form=Form.NOTIFY), held=(held(),))) == (Outcome.ASKED, "T09X")
    assert told("N", at(held=(held(verdict="reject"),))) == (Outcome.NOTHING_OPEN, "T17")
    assert told("N", at(held=(held(), held(TWO)))) == (Outcome.ASKED, "T09X")


def test_a_yes_after_ones_own_no_is_told_about_x() -> None:
    scene = at(held=(held(verdict="reject"),))
    assert told(f"Y{THREE}", scene) == (Outcome.ALREADY_OTHER, "T12X")
    assert told(f"N{THREE}", scene) == (Outcome.ALREADY_SAME, "T12")


def test_a_tail_code_counts_only_when_it_is_known() -> None:
    (step,) = does(f"同意尽快办理{ONE}", at(prompt(form=Form.CODED), prompt(TWO, 2)))
    assert isinstance(step, Decide)
    assert (step.level, step.comment) == (2, "尽快办理")
    assert told(f"同意,见文件{WRONG[0]}", at(prompt())) == (Outcome.ASKED, "T09")
    assert told(f"同意,见文件{WRONG[0]}", at()) == (Outcome.ASKED, "T17")
    assert (
        told(f"同意尽快{THREE}", at(prompt(), closed=(closed(closed_as=ClosedAs.EXPIRED),)))[0]
        is Outcome.EXPIRED
    )


def test_a_typo_is_asked_again_and_not_counted() -> None:
    (step,) = does("Y2223", at(prompt()))
    assert isinstance(step, Answer)
    assert (step.outcome, step.answer, step.wrong_code) == (Outcome.ASKED, "T09", False)


def test_a_wrong_code_is_counted_and_the_third_voids_short_codes() -> None:
    (first,) = does(f"Y{WRONG[0]}", at(prompt()))
    assert first == Answer(
        outcome=Outcome.UNKNOWN_CODE, answer="T16", code=WRONG[0], reason="R3", wrong_code=True
    )
    third, harden = does(f"Y{WRONG[0]}", at(prompt(), wrong_codes=2))
    assert isinstance(third, Answer)
    assert third.outcome is Outcome.UNKNOWN_CODE
    assert harden == Harden()
    assert len(does(f"Y{WRONG[0]}", at(prompt(), wrong_codes=3))) == 1


def test_the_sixth_wrong_code_switches_sms_off_for_an_hour() -> None:
    sixth, off = does(f"Y{WRONG[0]}", at(prompt(), wrong_codes=5))
    assert isinstance(sixth, Answer)
    assert (sixth.outcome, sixth.answer, sixth.wrong_code) == (Outcome.LOCKED, "T18", True)
    assert off == SwitchOff(until=NOW + timedelta(hours=1))
    locked = at(prompt(), off_until=NOW + MINUTE)
    for text in ("Y", f"Y{ONE}", "待办", "收到", "X", "原则同意"):
        assert told(text, locked) == (Outcome.LOCKED, "T18")
    assert told("帮助", locked)[0] is Outcome.HELP
    assert isinstance(does("Y", at(prompt(), off_until=NOW))[0], Decide)


def test_guesses_and_a_hit_in_one_sms_gain_nothing() -> None:
    *steps, last = does(f"Y {WRONG[0]} {WRONG[1]} {WRONG[2]} {ONE}", at(prompt()))
    assert not any(isinstance(step, Decide) for step in steps)
    assert last == Harden()
    *steps, last = does(f"Y {ONE} {WRONG[0]}", at(prompt(code=ONE), wrong_codes=5))
    assert {getattr(step, "outcome", None) for step in steps} == {Outcome.LOCKED}
    assert isinstance(last, SwitchOff)


def test_a_reply_stamped_before_the_question_is_stale() -> None:
    early = NOW - timedelta(minutes=13)
    assert told("Y", at(prompt(), smsc_time=early)) == (Outcome.STALE, "T14")
    assert told(f"Y{ONE}", at(prompt(), smsc_time=early)) == (Outcome.STALE, "T14")
    assert told("已阅", at(prompt(purpose=Purpose.READ), smsc_time=early)) == (Outcome.STALE, "T05")
    assert isinstance(does("Y", at(prompt(), smsc_time=early, smsc_offset=timedelta(minutes=-5)))[0], Decide)


def test_a_reply_the_network_held_up_counts_from_when_it_was_given() -> None:
    late = prompt(expires_at=NOW - MINUTE)
    assert isinstance(does("Y", at(late, smsc_time=NOW - 2 * MINUTE))[0], Decide)
    assert told("Y", at(late, smsc_time=NOW))[0] is Outcome.EXPIRED


@pytest.mark.parametrize(
    ("smsc", "effective", "stale"),
    [
        (None, 0, False), (timedelta(minutes=-3), -3, False), (timedelta(minutes=-12), -12, False),
        (timedelta(minutes=-12, seconds=-1), None, True), (timedelta(minutes=5), 5, False),
        (timedelta(minutes=5, seconds=1), 0, False), (timedelta(days=400), 0, False), (timedelta(days=-400), None, True),
    ],
)  # fmt: skip
def test_which_time_counts(smsc: timedelta | None, effective: int | None, stale: bool) -> None:
    when, is_stale = which_time(None if smsc is None else NOW + smsc, NOW, NOW - 10 * MINUTE)
    assert is_stale is stale
    if effective is not None:
        assert when == NOW + effective * MINUTE


def test_two_clarifying_answers_an_hour_and_ten_service_answers_a_day() -> None:
    assert [answer_allowed(count) for count in (0, 1, 2, 3)] == [True, True, False, False]
    assert [service_answer_allowed(count) for count in (0, 9, 10)] == [True, True, False]
    (step,) = does("原则同意", at(prompt(), clarifying=2))
    assert isinstance(step, Answer)
    assert (step.outcome, step.answer) == (Outcome.UNCLEAR, None)
    assert "limit reached" in step.reason
    (stop,) = does("退订", at(prompt(), service_answers=10))
    assert isinstance(stop, Pause)
    assert stop.answer is None
    (decided,) = does("Y", at(prompt(), clarifying=9, service_answers=99))
    assert isinstance(decided, Decide)
    assert decided.answer == "T06"


def test_open_items_are_those_a_list_may_show() -> None:
    scene = at(
        prompt(), prompt(prompt_id=11, sent_at=NOW - MINUTE), prompt(TWO, 2, handed_over=False),
        prompt(THREE, 3, expires_at=NOW - MINUTE), prompt("2545", 4, purpose=Purpose.READ), prompt("2667", 5, form=Form.NOTIFY),
    )  # fmt: skip
    assert [item.prompt_id for item in open_items(scene)] == [11]


def test_the_composer_and_the_reader_ask_the_same_question() -> None:
    assert bare_allowed((), (), task_id=1, at=NOW, bare_rest=timedelta(hours=2))
    assert not bare_allowed((prompt(TWO, 2),), (), task_id=1, at=NOW, bare_rest=timedelta(hours=2))
    assert not bare_allowed((), (closed(),), task_id=1, at=NOW, bare_rest=timedelta(hours=2))
