"""Steps that ask several: all, one after another, by vote; approvers without a phone; the applicant's result."""

from __future__ import annotations

from tests.flows.office import SIGN, Office, until
from tests.flows.test_too_late import decided_when


def test_all_must_agree(office: Office) -> None:
    one, two = office.leader("蒋文"), office.leader("沈武")
    ref = office.ask(one, two, mode="all", hold=0)
    office.asked(one, ref)
    office.asked(two, ref)
    assert office.reply(one, "Y").outcome == "DECIDED"
    assert office.state(ref) == "pending"
    assert office.reply(two, "Y").outcome == "DECIDED"
    assert office.state(ref) == "approved"
    until(lambda: len(office.called_back(ref)) == 2, "both decisions are told")
    office.at_rest()
    assert [said["data"]["state"] for _, said in office.called_back(ref)] == ["pending", "approved"]


def test_one_no_of_all_is_enough_and_the_others_are_told(office: Office) -> None:
    one, two = office.leader("韩文"), office.leader("杨武")
    ref = office.ask(one, two, mode="all", hold=0)
    code = office.asked(one, ref)
    office.asked(two, ref)
    office.reply(two, "N 不合规定")
    assert office.state(ref) == "rejected"
    told = f"{SIGN}编号{code}已于{decided_when(office, ref)}由杨武不同意,本次回复未改变结果"
    office.arrives(one, told)
    assert office.reply(one, f"Y{code}").answer == told


def test_one_after_another_each_is_asked_at_his_turn(office: Office) -> None:
    one, two = office.leader("朱一"), office.leader("秦二")
    ref = office.ask(one, two, mode="sequence", hold=0)
    office.asked(one, ref)
    office.at_rest()
    assert two.phone.texts() == []
    office.reply(one, "Y")
    office.asked(two, ref)
    assert office.state(ref) == "pending"
    office.reply(two, "Y")
    assert office.state(ref) == "approved"
    assert [one[1] for one in office.decisions(ref)] == [one.account, two.account]


def test_the_second_step_waits_for_the_end_of_the_hold(office: Office) -> None:
    one, two = office.leader("尤一"), office.leader("许二")
    steps = [{"approvers": [one.account]}, {"approvers": [two.account]}]
    ref = str(office.submit(steps, hold=1).json()["ref"])
    office.asked(one, ref)
    office.reply(one, "Y")
    office.asked(two, ref)
    first, second = office.show(ref)["steps"]
    assert (first["state"], second["state"]) == ("approved", "active")
    assert office.decisions(ref)[0][4] == "effective"
    office.reply(two, "N")
    office.becomes(ref, "rejected")


def test_a_vote_is_won_by_weight(office: Office) -> None:
    chief, one, two = office.leader("何局"), office.leader("吕一"), office.leader("施二")
    voters = [(chief, 50), (one, 30), (two, 20)]
    approvers = [{"account": who.account, "weight": weight} for who, weight in voters]
    step = {"approvers": approvers, "mode": "vote", "threshold": 60}
    ref = str(office.submit([step], hold=0).json()["ref"])
    codes = [office.asked(who, ref) for who, _ in voters]
    office.reply(chief, "Y")
    assert office.state(ref) == "pending"
    office.reply(one, "Y")
    assert office.state(ref) == "approved"
    told = f"{SIGN}编号{codes[2]}已于{decided_when(office, ref)}由吕一同意,本次回复未改变结果"
    office.arrives(two, told)
    assert office.reply(two, f"N{codes[2]}").outcome == "ALREADY_OTHER"


def test_an_applicant_with_a_phone_hears_the_result(office: Office) -> None:
    leader, applicant = office.leader("张局"), office.leader("孔小明")
    ref = office.ask(leader, applicant=applicant.account, title="年休假申请", hold=0)
    code = office.asked(leader, ref)
    assert leader.phone.texts() == [f"{SIGN}孔小明年休假申请。同意回Y,不同意回N,编号{code}"]
    office.reply(leader, "同意，注意交接")
    day = decided_when(office, ref).split("日")[0]
    office.arrives(applicant, f"{SIGN}您的年休假申请已同意(张局,{day}日)。意见:注意交接")
    office.at_rest()
    assert len(applicant.phone.texts()) == 1


def test_an_approver_without_a_phone_is_warned_of_and_decides_in_the_app(office: Office) -> None:
    leader = office.leader("曹无机", phone=False)
    answer = office.submit([{"approvers": [leader.account]}], hold=0)
    assert answer.status_code == 201
    assert answer.json()["warnings"] == [f"{leader.account} has no bound phone: no SMS will be sent"]
    ref = answer.json()["ref"]
    office.at_rest()
    office.decides_in_the_app(leader, ref, comment="同意")
    assert office.state(ref) == "approved"
    until(lambda: office.called_back(ref), "the asking system is told")
    assert office.decisions(ref) == [("approve", leader.account, "app", "同意", "effective")]
