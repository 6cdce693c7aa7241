"""F15, F38: branches, joins by token, and returns into, out of and within parallel branches."""

from __future__ import annotations

import pytest

from approval_core.errors import Conflict, NotFound
from approval_core.store import Store
from tests.approval_core.approvals.routes import Bureau, parallel, step_block, sub


@pytest.fixture
def bureau(store: Store) -> Bureau:
    return Bureau(store)


def test_f38_parallel_branches_are_asked_together_and_joined_when_all_are_done(bureau: Bureau) -> None:
    bureau.start(
        parallel("opinions", law=[step_block("li")], money=[step_block("wang")]), step_block("zhang")
    )
    assert bureau.asked() == {"li", "wang"}
    bureau.say("li")
    assert bureau.asked() == {"wang"}
    bureau.say("wang")
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f38_a_join_of_one_or_of_n_ends_the_branches_that_are_not_needed(bureau: Bureau) -> None:
    two = parallel("two", 2, a=[step_block("li")], b=[step_block("wang")], c=[step_block("zhao")])
    bureau.start(two, step_block("zhang"))
    bureau.say("li")
    assert bureau.asked() == {"wang", "zhao"}
    bureau.say("zhao")
    assert bureau.asked() == {"zhang"}
    assert ("wang", "void") in bureau.standing()


def test_f38_the_last_branch_of_a_route_ends_the_request(bureau: Bureau) -> None:
    bureau.start(parallel("both", a=[step_block("li"), step_block("wang")], b=[]))
    bureau.say("li")
    assert bureau.say("wang").state == "approved"


def test_f38_a_rejection_in_one_branch_ends_the_request_and_asks_nobody_any_more(bureau: Bureau) -> None:
    bureau.start(parallel("both", a=[step_block("li")], b=[step_block("wang")]))
    assert bureau.say("li", "reject").state == "rejected"
    assert bureau.asked() == set()
    assert bureau.task("wang", state="over")


def test_f38_a_sub_route_is_walked_like_the_route_itself(bureau: Bureau) -> None:
    bureau.start(sub("check", step_block("li"), step_block("wang")), step_block("zhang"))
    for account in ("li", "wang"):
        bureau.say(account)
    assert bureau.say("zhang").state == "approved"


def test_f15_a_return_goes_to_a_chosen_step_and_the_way_is_walked_again(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    view = bureau.say("zhang", "return", target="li", comment="材料不全")
    assert view.state == "pending"
    assert bureau.asked() == {"li"}
    assert [one.state for one in view.decisions] == ["superseded", "superseded", "effective"]
    for account in ("li", "wang"):
        bureau.say(account)
    assert bureau.say("zhang").state == "approved"


def test_f15_back_asks_the_chosen_step_only_and_then_who_sent_it_back(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    view = bureau.say("zhang", "return", target="li", resume="back")
    assert bureau.asked() == {"li"}
    assert [one.state for one in view.decisions] == ["effective", "effective", "effective"]
    bureau.say("li")
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f15_a_return_out_of_a_branch_ends_the_other_branches_and_loses_no_task(bureau: Bureau) -> None:
    bureau.start(
        step_block("li"),
        parallel("both", a=[step_block("wang")], b=[step_block("zhao"), step_block("qian")]),
        step_block("zhang"),
    )
    bureau.say("li")
    bureau.say("zhao")
    bureau.say("wang", "return", target="li")
    assert bureau.asked() == {"li"}
    bureau.say("li")
    assert bureau.asked() == {"wang", "zhao"}
    for account in ("wang", "zhao", "qian"):
        bureau.say(account)
    assert bureau.say("zhang").state == "approved"


def test_f15_back_out_of_a_branch_asks_every_branch_again_where_it_stood(bureau: Bureau) -> None:
    bureau.start(
        step_block("li"), parallel("both", a=[step_block("wang")], b=[step_block("zhao"), step_block("qian")])
    )
    bureau.say("li")
    bureau.say("zhao")
    bureau.say("wang", "return", target="li", resume="back")
    assert bureau.asked() == {"li"}
    bureau.say("li")
    assert bureau.asked() == {"wang", "qian"}
    bureau.say("wang")
    assert bureau.say("qian").state == "approved"


def test_f15_a_return_into_a_branch_runs_that_branch_alone_and_the_join_still_holds(bureau: Bureau) -> None:
    bureau.start(
        parallel("both", a=[step_block("wang"), step_block("sun")], b=[step_block("zhao")]),
        step_block("zhang"),
    )
    for account in ("wang", "sun", "zhao"):
        bureau.say(account)
    bureau.say("zhang", "return", target="wang")
    assert bureau.asked() == {"wang"}
    bureau.say("wang")
    bureau.say("sun")
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f15_a_return_within_a_branch_leaves_the_branch_beside_it_alone(bureau: Bureau) -> None:
    bureau.start(parallel("both", a=[step_block("wang"), step_block("sun")], b=[step_block("zhao")]))
    bureau.say("wang")
    bureau.say("sun", "return", target="wang")
    assert bureau.asked() == {"wang", "zhao"}
    bureau.say("zhao")
    bureau.say("wang")
    assert bureau.say("sun").state == "approved"


def test_f15_a_step_beside_yours_or_ahead_of_it_is_no_earlier_step(bureau: Bureau) -> None:
    bureau.start(
        parallel("both", a=[step_block("wang"), step_block("sun")], b=[step_block("zhao")]),
        step_block("zhang"),
    )
    bureau.say("zhao")
    for target in ("zhao", "sun", "zhang", "wang"):
        with pytest.raises(Conflict) as refused:
            bureau.say("wang", "return", target=target)
        assert refused.value.code == "not_before_you"
    with pytest.raises(NotFound):
        bureau.say("wang", "return", target="nowhere")
    assert bureau.asked() == {"wang"}


def test_f15_a_detour_may_itself_be_sent_back_and_everything_is_asked_in_its_turn(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    bureau.say("zhang", "return", target="wang", resume="back")
    bureau.say("wang", "return", target="li", resume="back")
    assert bureau.asked() == {"li"}
    bureau.say("li")
    assert bureau.asked() == {"wang"}
    bureau.say("wang")
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f15_a_replay_out_of_a_detour_leaves_one_thread(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang"), step_block("zhang"))
    bureau.say("li")
    bureau.say("wang")
    bureau.say("zhang", "return", target="wang", resume="back")
    bureau.say("wang", "return", target="li")
    for account in ("li", "wang"):
        assert bureau.asked() == {account}
        bureau.say(account)
    assert bureau.asked() == {"zhang"}
    assert bureau.say("zhang").state == "approved"


def test_f16_a_rejection_may_mean_the_step_before(bureau: Bureau) -> None:
    bureau.start(step_block("li"), step_block("wang", on_reject="previous"))
    bureau.say("li")
    view = bureau.say("wang", "reject", comment="再核")
    assert (view.state, bureau.asked()) == ("pending", {"li"})
    bureau.say("li")
    assert bureau.say("wang").state == "approved"


def test_f02_a_counter_sign_that_collects_hears_everybody_before_a_no_counts(bureau: Bureau) -> None:
    bureau.start(step_block("opinions", "li", "wang", mode="all", collect_all=True))
    assert bureau.say("li", "reject").state == "pending"
    assert bureau.asked() == {"wang"}
    assert bureau.say("wang").state == "rejected"
