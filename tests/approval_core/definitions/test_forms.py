"""Forms: what is stored, what is refused by name, who may see and write what."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_core.definitions.rules.document import TypeDocument, load_document
from approval_core.definitions.rules.forms import (
    check_changes,
    check_form,
    lines_in,
    rights,
    shown_in,
    subject,
)
from approval_core.definitions.rules.known_names import amount_of, names_of
from approval_core.errors import Invalid, NotFound

PURCHASE = load_document("""\
type: PURCHASE
title: {zh: 采购, en: Purchase}
module: logistics
amount: sum
form:
  fields:
    - {name: what, label: {zh: 物品, en: What}, type: string, required: true, max_length: 10, pattern: "[^0-9]+", show: [list, sms, push]}
    - {name: sum, label: {zh: 金额, en: Sum}, type: money, required: true, min: 0.01, max: 1000000, show: [sms]}
    - {name: pieces, label: {zh: 件数, en: Pieces}, type: integer, min: 1, max: 99}
    - {name: weight, label: {zh: 重量, en: Weight}, type: decimal}
    - {name: why, label: {zh: 用途, en: Why}, type: text, sensitive: true}
    - {name: fast, label: {zh: 加急, en: Fast}, type: boolean, show: [list]}
    - {name: day, label: {zh: 日期, en: Day}, type: date, min: "2026-01-01", max: "2026-12-31"}
    - {name: at, label: {zh: 时间, en: At}, type: datetime}
    - {name: kind, label: {zh: 类别, en: Kind}, type: choice, show: [list, sms], options: [{value: a, label: {zh: 甲, en: A}}, {value: b, label: {zh: 乙, en: B}}]}
    - {name: who, label: {zh: 人员, en: Who}, type: person}
    - {name: units, label: {zh: 单位, en: Units}, type: unit, many: true}
    - {name: files, label: {zh: 附件, en: Files}, type: file}
    - {name: note, label: {zh: 核价, en: Price check}, type: string}
  rules:
    - when: form.day != null && form.day < today
      message: {zh: 日期已过, en: The day has passed}
subject: {zh: "采购{what}{why}", en: "{what} by {applicant}"}
route:
  - step: head
    name: {zh: 负责人, en: Head}
    approvers: [{rule: HEAD}]
    fields: {sum: hidden}
  - step: buyer
    name: {zh: 采购员, en: Buyer}
    approvers: [{rule: ROLE, role: buyer}]
    fields: {"*": hidden, what: read, sum: write, note: required}
""")
GOOD: dict[str, Any] = {"what": "桌子", "sum": "12.5"}
TODAY = date(2026, 5, 6)


def put(**values: Any) -> dict[str, Any]:
    return check_form(PURCHASE, GOOD | values, today=TODAY)


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("what", "  桌子 ", "桌子"),
        ("sum", 12, "12.00"),
        ("sum", "999999.99", "999999.99"),
        ("sum", 0.1, "0.10"),
        ("pieces", "7", 7),
        ("weight", "1.500", "1.5"),
        ("weight", "-0", "0"),
        ("weight", 100, "100"),
        ("why", "一\r\n二\t", "一\n二"),
        ("fast", False, False),
        ("day", "2026-05-06", "2026-05-06"),
        ("at", "2026-05-06T09:00", "2026-05-06T09:00:00+08:00"),
        ("at", "2026-05-06 01:00:00Z", "2026-05-06T09:00:00+08:00"),
        ("kind", "a", "a"),
        ("who", "hy00001", "hy00001"),
        ("units", ["990001", "990002"], ["990001", "990002"]),
        ("files", [3, "f-4"], [3, "f-4"]),
        ("note", "  ", None),
        ("units", [], None),
    ],
)  # fmt: skip
def test_a_value_is_kept_in_one_spelling(field: str, given: Any, kept: Any) -> None:
    assert put(**{field: given})[field] == kept


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("what", ""), ("what", None), ("what", 5), ("what", "x" * 11), ("what", "桌子2"), ("what", "桌\n子"),
        ("what", "桌\x00子"), ("what", "桌\u202e子"), ("what", "桌\ud800子"),
        ("sum", "0"), ("sum", "1.005"), ("sum", "1e3"), ("sum", "NaN"), ("sum", "１２"), ("sum", True), ("sum", 10**7),
        ("sum", float("inf")), ("sum", "9" * 400), ("sum", []),
        ("pieces", 1.5), ("pieces", 0), ("pieces", 100), ("weight", "1.1234567"), ("weight", 10**16),
        ("fast", "true"), ("fast", 1),
        ("day", "2026-02-30"), ("day", "2025-12-31"), ("day", "2027-01-01"), ("day", "20260506"), ("day", 20260506),
        ("day", "２０２６-05-06"), ("at", "2026-05-06"), ("at", "2026-05-06T25:00"), ("at", "9999-12-31T23:59:59-12:00"),
        ("kind", "c"), ("kind", ["a"]), ("who", "张三"), ("who", "a b"), ("units", "990001"), ("units", ["1", "1"]),
        ("units", [["990001"]]), ("units", ["1"] * 101), ("files", [0]), ("files", [True]), ("files", ["../x"]), ("files", {}),
        ("nothing", 1),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_under_its_name(field: str, given: Any) -> None:
    with pytest.raises(Invalid) as refused:
        put(**{field: given})
    assert refused.value.code == "bad_form"
    assert list(refused.value.data["fields"]) == list(refused.value.data["zh"]) == [field]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        check_form(PURCHASE, {"pieces": 0, "x": 1}, today=TODAY)
    assert set(refused.value.data["fields"]) == {"what", "sum", "pieces", "x"}


def test_a_rule_of_the_form_refuses_with_its_own_words() -> None:
    with pytest.raises(Invalid) as refused:
        put(day="2026-05-05")
    assert refused.value.data["zh"] == {"rules[0]": "日期已过"}
    assert put()["day"] is None


def test_the_applicant_writes_everything_and_an_approver_what_his_step_says() -> None:
    assert rights(PURCHASE, None)["what"] == "required"
    assert rights(PURCHASE, None)["note"] == "write"
    head = rights(PURCHASE, "head")
    assert (head["sum"], head["what"], head["note"]) == ("hidden", "read", "read")
    buyer = rights(PURCHASE, "buyer")
    assert (buyer["what"], buyer["why"], buyer["sum"], buyer["note"]) == (
        "read",
        "hidden",
        "write",
        "required",
    )
    with pytest.raises(NotFound):
        rights(PURCHASE, "nobody")


def test_an_approver_changes_only_what_he_may_and_fills_what_he_must() -> None:
    form = put()
    assert (
        check_changes(PURCHASE, "buyer", form, {"sum": 13, "note": "已核"}, deciding=True)["sum"] == "13.00"
    )
    for changes, field in (
        ({"what": "椅子"}, "what"),
        ({"why": "x"}, "why"),
        ({"sum": -1}, "sum"),
        ({"zzz": 1}, "zzz"),
    ):
        with pytest.raises(Invalid) as refused:
            check_changes(PURCHASE, "buyer", form, changes)
        assert list(refused.value.data["fields"]) == [field]
    with pytest.raises(Invalid) as refused:
        check_changes(PURCHASE, "buyer", form, {"sum": 13}, deciding=True)
    assert list(refused.value.data["fields"]) == ["note"]


def test_a_sensitive_field_never_leaves_the_house() -> None:
    """Neither in the title, whoever wrote it, nor in an SMS."""
    form = put(why="病情")
    assert subject(PURCHASE, form, "zh") == "采购桌子"
    assert "why" not in shown_in(PURCHASE, "sms") + shown_in(PURCHASE, "push")


def test_a_title_is_one_line_and_short() -> None:
    assert subject(PURCHASE, {"what": "a\n{sum} {why}"}, "en", applicant="张 三") == "a {sum} {why} by 张 三"
    assert len(subject(PURCHASE, {"what": "长" * 300}, "zh")) == 200
    assert subject(PURCHASE, {}, "zh") == "采购"


def test_lines_are_in_words_and_leave_out_what_the_step_hides() -> None:
    form = put(kind="b", fast=True)
    assert lines_in(PURCHASE, form, "sms", "zh") == [("物品", "桌子"), ("金额", "12.50"), ("类别", "乙")]
    assert lines_in(PURCHASE, form, "sms", "en", step_id="head") == [("What", "桌子"), ("Kind", "B")]
    assert lines_in(PURCHASE, form, "list", "zh") == [("物品", "桌子"), ("加急", "是"), ("类别", "乙")]


def test_conditions_see_exact_numbers() -> None:
    form = put(sum="0.10", weight="0.2")
    names = names_of(PURCHASE, form, applicant={"rank": "R3"}, today=TODAY)
    assert names["amount"] == amount_of(PURCHASE, form)
    assert str(names["form"]["sum"]) == "0.10"
    assert names["applicant"] == {"account": None, "rank": "R3", "unit": None, "level": None}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([field.name for field in PURCHASE.form.fields] + ["other"])


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_any_form_is_kept_or_refused_by_name(values: dict[str, Any]) -> None:
    try:
        kept = check_form(PURCHASE, values, today=TODAY)
    except Invalid as refused:
        if refused.code != "bad_form" or not refused.data["fields"]:
            raise
        return
    assert check_form(PURCHASE, kept, today=TODAY) == kept  # what is kept is accepted again as it is


def test_a_document_without_a_form_takes_an_empty_one() -> None:
    plain: TypeDocument = PURCHASE.model_copy(
        update={"form": PURCHASE.form.model_copy(update={"fields": [], "rules": []})}
    )
    assert check_form(plain, {}) == {}
