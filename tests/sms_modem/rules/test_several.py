"""B7: one reply to several items of a digest. Exactly the named ones, and where there is a doubt none of the doubtful."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval_core.errors import Forbidden
from sms_modem.acting import Done, refused
from sms_modem.rules import wording
from sms_modem.rules.outcomes import Outcome
from sms_modem.rules.several import ALONE, HELD_BACK, NAMED_ASIDE
from sms_modem.rules.situation import Situation
from sms_modem.rules.steps import Answer, Decide, Step
from tests.sms_modem.rules.test_plan import ONE, THREE, TWO, WRONG, at, closed, does, prompt

CODES = (ONE, TWO, THREE, "2545", "2667")


def desk(*changed: tuple[str, dict[str, object]]) -> Situation:
    """Five open items, some of them different."""
    changes = dict(changed)
    return at(*(prompt(code, number, **changes.get(code, {})) for number, code in enumerate(CODES, start=1)))


def decided(steps: tuple[Step, ...]) -> dict[str, str]:
    return {step.code: step.verdict for step in steps if isinstance(step, Decide)}


def whole(text: str, situation: Situation) -> tuple[Outcome, str]:
    """The one outcome of a reply that was not taken code by code."""
    (step,) = does(text, situation)
    assert isinstance(step, Answer)
    return step.outcome, step.reason


STYLES = ("Y{0}", "同意{0}", "{0} 同意", "批准 {0}", "ｙ {0}。", "Y{0} 请尽快", "编号{0}同意", "OK,{0}")
JOINTS = (" ", ",", "、", "，", ";", "\n", "  ", "-", "。", " Y", "和Y")


@pytest.mark.parametrize("count", range(2, 6))
def test_exactly_the_named_items_are_decided_whichever_they_are(count: int) -> None:
    for named in combinations(CODES, count):
        assert decided(does("Y" + " ".join(named), desk())) == dict.fromkeys(named, "approve")
        assert decided(does("N" + ",".join(named) + " 材料不全", desk())) == dict.fromkeys(named, "reject")


@given(
    st.lists(st.sampled_from(CODES), min_size=2, max_size=5, unique=True),
    st.sampled_from(STYLES),
    st.sampled_from(JOINTS[:-1]),
)
def test_however_it_is_typed_the_named_are_decided_or_nobody(
    named: list[str], style: str, joint: str
) -> None:
    steps = does(style.format(joint.join(named)), desk())
    assert decided(steps) in ({}, dict.fromkeys(named, "approve"))


@given(
    st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(CODES), min_size=1, max_size=2, unique=True),
    st.sampled_from(["{0},{1}再看", "{0}和{1}", "{0} 除{1}", "{0},其余{1}先放", "{0} 办好再办{1}号", "{0}请尽快 {1}", "{0}（{1}另说）"]),
)  # fmt: skip
def test_no_code_named_in_a_yes_is_passed_over_and_none_held_back_is_decided(
    said: list[str], aside: list[str], words: str
) -> None:
    text = "同意" + words.format(" ".join(said), " ".join(aside))
    done = decided(does(text, desk()))
    assert done == {} or set(done) == {*said, *aside}
    if "再看" in words or "另说" in words or "其余" in words or "除" in words:
        assert not set(aside) - set(said) & set(done)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"Y{ONE}和{TWO}", NAMED_ASIDE),
        (f"同意尽快办理{ONE} {TWO}", NAMED_ASIDE),
        (f"同意{ONE},其余{TWO}先放", NAMED_ASIDE),
        (f"Y{ONE} 办好再办{TWO}号", NAMED_ASIDE),
        (f"N{ONE} 与{TWO}重复", NAMED_ASIDE),
        (f"Y请把{TWO}也办了", NAMED_ASIDE),
        (f"Y{ONE}、{TWO}同意,{THREE}再看", HELD_BACK),
        (f"Y{ONE},{TWO}那件再等等", HELD_BACK),
        (f"Y{ONE} {TWO} 但只限一次", HELD_BACK),
        (f"Y{ONE} {TWO} 第二件待定", HELD_BACK),
        (f"Y{ONE} {TWO} please wait", HELD_BACK),
    ],
)
def test_a_reply_that_leaves_open_which_are_meant_decides_none(text: str, reason: str) -> None:
    assert whole(text, desk()) == (Outcome.UNCLEAR, reason)


@pytest.mark.parametrize(
    "comment",
    ["请尽快", "按规定办理", "请各单位落实", "请优先办理", "特别注意安全", "做好接待", "按会议要求办"],
)
def test_an_ordinary_comment_goes_with_every_named_item(comment: str) -> None:
    steps = does(f"Y{ONE} {TWO} {comment}", desk())
    assert [step.comment for step in steps if isinstance(step, Decide)] == [comment, comment]


def test_a_condition_on_one_item_is_a_comment_as_before() -> None:
    (step,) = does(f"Y{ONE} 但只限一次,采购3522台", desk())
    assert isinstance(step, Decide)
    assert step.comment == "但只限一次,采购3522台"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (f"Y{ONE} N{TWO}", Outcome.CONTRADICTORY),
        (f"Y{ONE}\nN{TWO}", Outcome.CONTRADICTORY),
        (f"{ONE}同意 {TWO}不同意", Outcome.CONTRADICTORY),
        (f"Y{ONE} {TWO},{THREE}不行", Outcome.CONTRADICTORY),
        (f"Y{ONE} {TWO}?", Outcome.UNCLEAR),
        (f"Y{ONE} 2013", Outcome.UNCLEAR),
        (f"Y{ONE}{TWO}", Outcome.UNCLEAR),
        ("Y " + " ".join((*CODES, WRONG[0])), Outcome.UNCLEAR),
        ("全部同意", Outcome.UNCLEAR),
        ("Y全部", Outcome.ASKED),
        ("Y", Outcome.ASKED),
    ],
)
def test_mixed_verdicts_questions_and_bad_numbers_decide_none(text: str, outcome: Outcome) -> None:
    assert whole(text, desk())[0] is outcome


def test_each_code_is_judged_alone() -> None:
    situation = replace(desk(), closed=(closed("2772"),))
    steps = does(f"Y{ONE} 2772 {WRONG[0]} 2223", situation)
    assert decided(steps) == {ONE: "approve"}
    assert [getattr(step, "outcome", None) for step in steps] == [
        Outcome.DECIDED, Outcome.ALREADY_SAME, Outcome.UNKNOWN_CODE, Outcome.ASKED,
    ]  # fmt: skip


@pytest.mark.parametrize("change", [{"alone": True}, {"floor": 3}])
def test_an_item_above_the_batch_floor_is_refused_among_others_and_taken_alone(
    change: dict[str, object],
) -> None:
    situation = desk((TWO, change))
    first, second = does(f"Y{ONE} {TWO}", situation)
    assert isinstance(first, Decide)
    assert second == Answer(outcome=Outcome.ASKED, answer="T14", code=TWO, prompt_id=20, reason=ALONE)
    (alone,) = does(f"Y{TWO}", situation)
    assert isinstance(alone, Decide)
    assert alone.outcome is (Outcome.PROVISIONAL if change.get("floor") else Outcome.DECIDED)


def test_the_core_s_refusal_of_one_item_is_said_in_its_own_words() -> None:
    def said(code: str) -> Done:
        return refused(Forbidden(code, "no"), TWO, 20)

    assert (said("alone").outcome, said("alone").reason) == (Outcome.ASKED, ALONE)
    assert {said(code).outcome for code in ("not_by_sms", "not_on_a_phone", "no_level")} == {
        Outcome.NOT_BY_SMS
    }
    assert said("not_yours").outcome is Outcome.CHANGED


@given(
    st.lists(st.tuples(st.sampled_from((*CODES, "238476")), st.text(max_size=30)), min_size=1, max_size=60)
)
def test_a_digest_fits_one_segment_and_names_whole_codes_only(items: list[tuple[str, str]]) -> None:
    text = wording.t23(items=items)
    assert wording.units(text) <= 70
    assert text.startswith(f"【政务OA】待批{len(items)}件:")
    assert text.endswith("。回Y或N加编号")


def test_a_digest_shows_as_many_as_fit_and_says_how_many_there_are() -> None:
    titles = ("休假", "用车", "答复", "采购", "培训", "维修", "借阅", "会议室")
    codes = ("2222", "2354", "2433", "2545", "2667", "2772", "2826", "2938")
    five = wording.t23(items=list(zip(codes[:5], titles, strict=False)))
    assert five == "【政务OA】待批5件:2222休假,2354用车,2433答复,2545采购,2667培训。回Y或N加编号"
    many = wording.t23(items=list(zip(codes, titles, strict=True)) * 3)
    assert "等24件" in many
    shown = [code for code in codes if code in many]
    assert shown == list(codes[: len(shown)])
    assert len(shown) >= 5
