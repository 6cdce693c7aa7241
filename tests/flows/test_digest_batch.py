"""B7 over the handset: the list with its codes, one answer to several, and what it leaves alone."""

from __future__ import annotations

from sqlalchemy import update

from approval_core.clock import utc_now
from sms_modem.models import prompts
from sms_modem.rules import codes as coding
from sms_modem.rules.wording import units
from tests.flows.office import SIGN, Leader, Office

TITLES = ("休假3天", "用车", "答复", "采购", "培训")


def desk(office: Office, *titles: str) -> tuple[Leader, list[str], list[str]]:
    """A leader with these items open and the question about each on his handset: refs and codes."""
    leader = office.leader()
    refs = [office.ask(leader, title=title) for title in titles]
    return leader, refs, [office.asked(leader, ref) for ref in refs]


def mistyped(codes: list[str]) -> str:
    """The first of them with its last digit wrong, and none of the others."""
    tries = (codes[0][:3] + digit for digit in "23456789")
    return next(text for text in tries if not coding.is_well_formed(text) and text not in codes)


def verdicts(office: Office, refs: list[str]) -> list[str | None]:
    return [next((one[0] for one in office.decisions(ref)), None) for ref in refs]


def test_the_list_shows_every_open_item_with_its_code_in_one_sms(office: Office) -> None:
    leader, _, codes = desk(office, *TITLES)
    reply = office.reply(leader, "待办")
    listed = ",".join(code + title for code, title in zip(codes, TITLES, strict=True))
    assert (reply.outcome, reply.answer) == ("LIST", f"{SIGN}待批5件:{listed}。回Y或N加编号")
    assert units(str(reply.answer)) <= 70


def test_a_list_that_does_not_fit_says_how_many_there_are_and_still_takes_every_code(office: Office) -> None:
    leader, refs, codes = desk(office, *(f"关于第{number}批办公用品采购的请示" for number in range(8)))
    answer = str(office.reply(leader, "待办").answer)
    assert units(answer) <= 70
    assert answer.startswith(f"{SIGN}待批8件:{codes[0]}")
    assert "等8件" in answer
    assert office.reply(leader, f"Y{codes[0]} {codes[7]}").answer == f"{SIGN}{codes[0]}、{codes[7]}已同意"
    assert verdicts(office, refs) == ["approve", *[None] * 6, "approve"]


def test_y_and_codes_decide_exactly_the_named_items(office: Office) -> None:
    leader, refs, codes = desk(office, *TITLES)
    reply = office.reply(leader, f"Y{codes[1]} {codes[3]}")
    assert reply.ends == [("DECIDED", "C1(b)")] * 2
    assert reply.answer == f"{SIGN}{codes[1]}、{codes[3]}已同意"
    assert verdicts(office, refs) == [None, "approve", None, "approve", None]
    left = office.reply(leader, "待办")
    assert [code for code in codes if code in str(left.answer)] == [codes[0], codes[2], codes[4]]
    assert (
        office.reply(leader, f"N{codes[0]},{codes[4]} 材料不全").answer
        == f"{SIGN}{codes[0]}、{codes[4]}已不同意"
    )
    assert verdicts(office, refs) == ["reject", "approve", None, "approve", "reject"]


def test_each_code_stands_alone(office: Office) -> None:
    """One withdrawn, one mistyped, one never given: the two that are right are decided, the answer says why the others are not."""
    leader, refs, codes = desk(office, "休假3天", "用车", "答复")
    assert office.withdraw(refs[1]).status_code == 200
    typo = mistyped(codes)
    reply = office.reply(leader, f"Y{codes[0]} {codes[1]} {typo} {codes[2]}")
    assert [outcome for outcome, _ in reply.ends] == ["DECIDED", "CHANGED", "ASKED", "DECIDED"]
    assert reply.answer == f"{SIGN}{codes[0]}、{codes[2]}已同意;{codes[1]}已变更,{typo}编号有误,未作处理"
    assert verdicts(office, refs) == ["approve", None, "approve"]


def test_a_doubt_decides_none_of_the_doubtful(office: Office) -> None:
    leader, refs, codes = desk(office, "休假3天", "用车", "答复")
    one, two, three = codes
    for words, outcome in {
        f"Y{one} N{two}": "CONTRADICTORY",
        f"{one}同意 {two}不同意": "CONTRADICTORY",
        f"Y{one} {two}?": "UNCLEAR",
        f"Y{one}和{two}": "UNCLEAR",
        f"Y{one}、{two}同意,{three}再看": "UNCLEAR",
        f"Y{one},其余{two}先放": "UNCLEAR",
        f"Y{one} 2013": "UNCLEAR",
        "全部同意": "UNCLEAR",
        "Y": "ASKED",
    }.items():
        assert office.reply(leader, words).outcome == outcome, words
    assert verdicts(office, refs) == [None, None, None]
    assert office.reply(leader, f"Y{one} {two} 请尽快").ends == [("DECIDED", "C1(b)")] * 2
    assert verdicts(office, refs) == ["approve", "approve", None]
    assert [office.decisions(ref)[0][3] for ref in refs[:2]] == ["请尽快", "请尽快"]
    typo = mistyped(
        [three, one, two]
    )  # the questions of this hour are used up; what is answered anyway names it
    assert office.reply(leader, f"Y{three} {typo}").answer == f"{SIGN}{three}已同意;{typo}编号有误,未作处理"


def test_an_item_whose_floor_has_risen_is_refused_with_its_reason_and_the_others_are_decided(
    office: Office,
) -> None:
    leader, refs, codes = desk(office, "休假3天", "用车")
    risen = update(prompts).where(prompts.c.code == codes[1], prompts.c.phone == leader.phone.number)
    office.store.write(lambda tx: tx.execute(risen.values(floor=3)).rowcount)
    reply = office.reply(leader, f"Y{codes[0]} {codes[1]}")
    assert [outcome for outcome, _ in reply.ends] == ["DECIDED", "NOT_BY_SMS"]
    assert reply.answer == f"{SIGN}{codes[0]}已同意;{codes[1]}不宜短信办理,未作处理"
    assert verdicts(office, refs) == ["approve", None]
    assert office.task(leader, refs[1]).state == "open"


def test_what_was_answered_together_is_taken_back_one_by_one(office: Office) -> None:
    leader, refs, codes = desk(office, "休假3天", "用车")
    office.reply(leader, f"Y{codes[0]} {codes[1]}")
    assert [office.decisions(ref)[0][4] for ref in refs] == ["held", "held"]
    back = office.reply(leader, f"X{codes[1]}")
    assert back.outcome == "UNDONE"
    assert [office.decisions(ref)[0][4] for ref in refs] == ["held", "undone"]
    fresh = office.asked(leader, refs[1], instead_of=codes[1])
    again = office.reply(leader, f"Y{codes[1]} {fresh}", smsc_time=utc_now())
    assert sorted(outcome for outcome, _ in again.ends) == ["CHANGED", "DECIDED"]
    assert office.state(refs[1]) == "pending"
