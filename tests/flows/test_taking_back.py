"""X inside the hold and outside it, the old Y after it, and what another system may do while a decision is held."""

from __future__ import annotations

from datetime import timedelta

from approval_core.clock import utc_now
from tests.flows.office import SIGN, Office, until
from tests.gateway.receiver import answers


def undone(what: str, code: str) -> str:
    return f"{SIGN}已撤回对{what}的答复,事项仍待您处理。同意回Y{code},不同意回N{code}"


def test_x_inside_the_hold_and_the_old_y_after_it(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, title="用车申请")
    old = office.asked(leader, ref)
    office.reply(leader, f"Y{old}")
    back = office.reply(leader, "X")
    new = office.asked(leader, ref, instead_of=old)
    assert (back.ends, back.answer) == ([("UNDONE", "C10")], undone("用车申请", new))
    after = office.show(ref)
    assert (after["state"], after["held_until"]) == ("pending", None)

    repeated = office.reply(leader, f"Y{old}", smsc_time=utc_now() + timedelta(seconds=65))
    assert repeated.outcome == "CHANGED"
    assert repeated.answer == f"{SIGN}编号{old}已撤回答复并换新编号,本次回复未生效"
    assert office.decisions(ref) == [("approve", leader.account, "sms", "", "undone")]

    assert office.reply(leader, f"N{new} 改日再用").outcome == "DECIDED"
    assert office.decisions(ref) == [
        ("approve", leader.account, "sms", "", "undone"),
        ("reject", leader.account, "sms", "改日再用", "held"),
    ]


def test_a_bare_y_repeated_after_x_is_asked_and_decides_nothing(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, title="用车申请")
    old = office.asked(leader, ref)
    office.reply(leader, "Y")
    assert office.reply(leader, f"X{old}").outcome == "UNDONE"
    new = office.asked(leader, ref, instead_of=old)
    repeated = office.reply(leader, "Y", smsc_time=utc_now() + timedelta(seconds=65))
    assert repeated.ends == [("ASKED", "C1(c)")]
    assert repeated.answer == f"{SIGN}您有1件待批:{new}用车申请。请回Y或N加编号,如Y{new}"
    assert office.decisions(ref) == [("approve", leader.account, "sms", "", "undone")]


def test_a_no_with_the_decided_code_inside_the_hold_is_an_undo(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, title="用车申请")
    old = office.asked(leader, ref)
    office.reply(leader, "Y")
    no = office.reply(leader, f"N{old}")
    assert no.ends == [("UNDONE", "C10")]
    assert no.answer == undone("用车申请", office.asked(leader, ref, instead_of=old))
    assert office.decisions(ref) == [("approve", leader.account, "sms", "", "undone")]


def test_a_bare_no_after_ones_yes_is_an_undo_where_nothing_else_is_live(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, title="用车申请")
    old = office.asked(leader, ref)
    office.reply(leader, "Y")
    no = office.reply(leader, "N")
    assert no.ends == [("UNDONE", "C10 bare N")]
    assert no.answer == undone("用车申请", office.asked(leader, ref, instead_of=old))
    assert len(office.decisions(ref)) == 1


def test_a_yes_after_ones_own_no_is_told_about_x(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    office.reply(leader, f"N{code}")
    yes = office.reply(leader, f"Y{code}")
    assert yes.ends == [("ALREADY_OTHER", "R7")]
    assert yes.answer is not None
    assert yes.answer.endswith(f"由您不同意,本次回复未改变结果,要撤回请回X{code}")
    assert [one[0] for one in office.decisions(ref)] == ["reject"]


def test_an_undo_asks_the_displaced_colleague_again(office: Office) -> None:
    first, second = office.leader("冯国强"), office.leader("陈卫东")
    ref = office.ask(first, second, title="用车申请")
    code, displaced = office.asked(first, ref), office.asked(second, ref)
    office.reply(first, f"Y{code}")
    office.at_rest()
    office.reply(first, f"X{code}")
    anew = office.asked(second, ref, instead_of=displaced)
    assert office.reply(second, f"Y{displaced}").outcome == "CHANGED"
    assert office.reply(second, f"Y{anew}").outcome == "DECIDED"
    assert [(one[1], one[4]) for one in office.decisions(ref)] == [
        (first.account, "undone"),
        (second.account, "held"),
    ]


def test_x_outside_the_hold_changes_nothing(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader, hold=1)
    code = office.asked(leader, ref)
    office.reply(leader, "Y")
    office.becomes(ref, "approved")
    late = office.reply(leader, f"X{code}")
    assert late.ends == [("CLOSED", "C10")]
    assert late.answer is not None
    assert late.answer.startswith(f"{SIGN}编号{code}已于")
    assert late.answer.endswith("由您同意,本次回复未改变结果")
    bare = office.reply(leader, "X")
    assert bare.ends == [("NOTHING_OPEN", "C10")]
    assert office.becomes(ref, "approved")["decisions"][0]["state"] == "effective"
    office.at_rest()
    assert len(office.called_back(ref)) == 1


def test_without_a_hold_no_x_is_offered_and_the_callback_comes_at_once(office: Office) -> None:
    leader = office.leader()
    office.at_rest()
    office.receiver.then.append(answers(503))
    ref = office.ask(leader, hold=0)
    code = office.asked(leader, ref)
    reply = office.reply(leader, "Y")
    assert reply.answer == f"{SIGN}已记录:同意 申请年休假3天({code})"
    assert office.state(ref) == "approved"
    until(lambda: len(office.called_back(ref)) == 2, "the callback comes again after a failure")
    office.at_rest()
    (one, said), (again, repeated) = office.called_back(ref)
    assert (one, said) == (again, repeated)
    assert said["data"]["state"] == "approved"
    assert office.reply(leader, f"X{code}").ends == [("CLOSED", "C10")]


def test_while_a_decision_is_held_the_request_can_be_neither_changed_nor_withdrawn(office: Office) -> None:
    leader = office.leader()
    ref = office.ask(leader)
    code = office.asked(leader, ref)
    office.reply(leader, "Y")
    for refused in (office.revise(ref, title="申请年休假9天"), office.withdraw(ref)):
        assert (refused.status_code, refused.json()["code"]) == (409, "held")
        assert refused.json()["held_until"]
    assert (office.state(ref), office.show(ref)["revision"]) == ("pending", 1)
    office.reply(leader, f"X{code}")
    assert office.withdraw(ref).status_code == 200
    assert office.state(ref) == "withdrawn"
