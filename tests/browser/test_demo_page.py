"""The story a newcomer clicks through, in a real browser, on a desk and on a phone."""

from __future__ import annotations

import re

from tests.browser.conftest import Visitor

SAID = {
    "zh": {"in_hold": "保留中", "left": "秒后生效", "effective": "已生效", "approved": "已同意", "callback": "签名核对无误",
           "verified": "没有发现任何改动", "empty": "还没有短信", "withdrawn": "已撤回", "refused": "没有办成"},
    "en": {"in_hold": "in hold", "left": "until it takes effect", "effective": "in effect", "approved": "approved",
           "callback": "signature verified", "verified": "nothing was changed", "empty": "No SMS", "withdrawn": "withdrawn",
           "refused": "did not work"},
}  # fmt: skip


#: Whatever a screen reader is told from here on; gone when the page is loaded again.
LISTEN = """() => {
    const place = document.getElementById("announce");
    window.told = [];
    new MutationObserver(() => window.told.push(place.textContent)).observe(place, {childList: true, subtree: true});
}"""


def code_in(text: str) -> str:
    found = re.search(r"编号(\d{4})|Y(\d{4})", text)
    assert found, text
    return found[1] or found[2]


def test_a_leaders_y_decides_before_the_visitors_eyes(visitor: Visitor) -> None:
    said = SAID[visitor.language]
    visitor.sees(said["empty"], "#texts")
    visitor.submits(hold="3")
    visitor.page.evaluate(LISTEN)
    assert "同意回Y,不同意回N" in visitor.reads("申请年休假3天")
    visitor.answers("ｙ")
    visitor.reads("已记录:同意")
    visitor.page.wait_for_function("window.told.some(one => one.includes('已记录:同意'))", timeout=60_000)
    visitor.sees("DECIDED", "#texts")
    visitor.sees(said["left"])
    visitor.sees(said["effective"])
    visitor.sees(said["approved"])
    visitor.sees(said["callback"])
    assert visitor.page.evaluate("Array.isArray(window.told)"), "the page was never loaded again"
    assert visitor.page.locator("#acts form").count() == 0
    visitor.page.click("a.button")
    visitor.sees(said["verified"], "#trail")


def test_what_is_no_decision_is_asked_again(visitor: Visitor) -> None:
    visitor.submits()
    visitor.reads("申请年休假3天")
    for reply, answer, outcome in (
        ("Y不同意", "回复前后矛盾", "CONTRADICTORY"),
        ("收到", "不作为审批意见", "COURTESY"),
    ):
        visitor.answers(reply)
        visitor.reads(answer)
        visitor.sees(outcome, "#texts")


def test_with_two_open_items_a_bare_y_is_asked_which(visitor: Visitor) -> None:
    visitor.submits("申请年休假3天")
    visitor.reads("申请年休假3天")
    visitor.submits("申请用车1天")
    second = code_in(visitor.reads("申请用车1天"))
    visitor.answers("Y")
    assert second in visitor.reads("您有2件待批")
    first = code_in(visitor.page.locator("#texts .theirs p", has_text="申请年休假3天").first.inner_text())
    visitor.page.click(f"#coded button[data-reply='Y{second} {first}']")
    visitor.page.keyboard.press("Enter")
    visitor.reads(f"{second}、{first}已同意")
    visitor.sees("DECIDED", "#texts")


def test_x_takes_the_answer_back_and_the_new_code_decides(visitor: Visitor) -> None:
    visitor.submits(hold="60")
    old = code_in(visitor.reads("申请年休假3天"))
    visitor.answers(f"Y{old} 同意")
    visitor.reads("已记录:同意")
    visitor.page.click(f"#coded button[data-reply='X{old}']")
    visitor.page.click("form.reply button.main")
    new = code_in(visitor.reads("已撤回对"))
    assert new != old
    visitor.answers(f"N{new} 再议")
    visitor.reads("已记录:不同意")
    visitor.sees("再议")


def test_changed_content_voids_the_code_and_asks_anew(visitor: Visitor) -> None:
    visitor.submits()
    old = code_in(visitor.reads("申请年休假3天"))
    visitor.page.fill(".acts input[name=title]", "申请年休假5天")
    visitor.page.click(".acts form:has(input) button")
    visitor.reads("申请年休假5天")
    visitor.answers(f"Y{old}")
    visitor.reads(f"编号{old}已")
    visitor.sees("CHANGED", "#texts")


def test_a_withdrawn_request_is_told_and_closed(visitor: Visitor) -> None:
    visitor.submits()
    visitor.reads("申请年休假3天")
    visitor.page.click(".acts form:not(:has(input)) button")
    visitor.sees(SAID[visitor.language]["withdrawn"])
    visitor.reads("已由申请人撤回")


def test_what_cannot_be_submitted_is_said_in_a_sentence(visitor: Visitor) -> None:
    visitor.submits(approvers="hy99999")
    problem = visitor.page.locator("[role=alert]")
    problem.wait_for()
    assert SAID[visitor.language]["refused"] in problem.inner_text()
    assert "hy99999" in problem.inner_text()
    assert visitor.page.input_value("form.ask input[name=approvers]") == "hy99999"
    visitor.page.wait_for_function("document.activeElement.name === 'approvers'", timeout=60_000)
    visitor.page.fill("form.ask input[name=approvers]", visitor.account)
    visitor.submits(hold="bald")
    assert "15" in visitor.page.locator("[role=alert]").inner_text()


def test_markup_in_a_text_is_text(visitor: Visitor) -> None:
    visitor.submits("<img src=x onerror=alert(1)>")
    visitor.sees("<img src=x", "#latest")
    visitor.answers("<script>alert(1)</script>")
    visitor.sees("<script>", "#texts")
    assert visitor.page.locator("#texts script, #latest img").count() == 0


def tab_to(visitor: Visitor, control: str) -> None:
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("one => document.activeElement.matches(one)", control):
            assert visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
    raise AssertionError(f"{control} cannot be reached by the keyboard")


def test_another_handset_opens_by_name_or_from_the_list(visitor: Visitor) -> None:
    visitor.page.fill("input[name=find]", "局长")
    visitor.page.click("form.pick button")
    visitor.page.locator(".found a").first.click()
    visitor.sees("hy00001", ".owner")
    visitor.page.fill("input[name=find]", visitor.account)
    visitor.sees(visitor.account, ".owner")


def test_the_whole_story_works_without_a_mouse(visitor: Visitor) -> None:
    tab_to(visitor, "form.ask button.main")
    visitor.page.keyboard.press("Enter")
    visitor.reads("同意回Y")
    tab_to(visitor, "#coded button[data-reply^=Y]")
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Enter")
    visitor.reads("已记录:同意")


def test_nothing_sticks_out_and_every_control_has_a_name(visitor: Visitor) -> None:
    visitor.submits("很长的事项" * 30)
    visitor.page.wait_for_selector("#latest li")
    wide = visitor.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0
    nameless = visitor.page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]),select')]"
        ".filter(one => !one.labels.length && !one.ariaLabel).map(one => one.name)"
    )
    assert nameless == []
