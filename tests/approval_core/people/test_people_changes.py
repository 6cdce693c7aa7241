from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep
from typing import Any

import pytest
from sqlalchemy import select

from approval_core import audit
from approval_core.audit.models import Entry
from approval_core.errors import Conflict, Invalid, NotFound, OfficeError
from approval_core.people import queries, service
from approval_core.people.models import org_units, persons, phones
from approval_core.store import Store, Tx
from tests.approval_core.people.conftest import CLERK, DAY, NOW, Office

NUMBER = "+8612900000001"


def refusal(call: Callable[[], Any]) -> OfficeError:
    with pytest.raises(OfficeError) as raised:
        call()
    return raised.value


def test_a_number_belongs_to_one_person_and_the_refusal_names_him_by_account_only(office: Office) -> None:
    first, second = office.hire("first"), office.hire("second")
    office.do(service.bind_phone, first, number=NUMBER)
    refused = refusal(lambda: office.do(service.bind_phone, second, number=NUMBER))
    assert isinstance(refused, Conflict)
    assert (refused.code, refused.data) == ("number_taken", {"account": "first"})
    assert NUMBER not in refused.message


def test_a_person_has_one_number_and_binding_it_again_changes_nothing(office: Office) -> None:
    one = office.hire("one")
    phone = office.do(service.bind_phone, one, number=NUMBER)
    assert office.do(service.bind_phone, one, number=NUMBER) == phone
    assert refusal(lambda: office.do(service.bind_phone, one, number="+8612900000002")).code == "has_number"


def test_two_clerks_binding_one_number_at_once_leave_it_with_one_person(office: Office) -> None:
    people = [office.hire(f"p{place}") for place in range(8)]

    def bind(person_id: int) -> str:
        try:
            office.do(service.bind_phone, person_id, number=NUMBER)
        except Conflict as refused:
            return refused.code
        return "bound"

    with ThreadPoolExecutor(8) as clerks:
        outcomes = list(clerks.map(bind, people))
    assert sorted(outcomes) == ["bound"] + ["number_taken"] * 7


def test_a_number_not_in_international_form_is_refused(office: Office) -> None:
    one = office.hire("one")
    for number in ("12900000001", "+0290000001", "+86 129", "+123456", "+1234567890123456"):
        refused = refusal(lambda number=number: office.do(service.bind_phone, one, number=number))  # type: ignore[misc]  # the default binds the loop's value
        assert (type(refused), refused.code) == (Invalid, "bad_number")


def test_a_suspended_number_counts_for_nothing_until_its_time_is_over(office: Office) -> None:
    one = office.hire("one")
    office.do(service.bind_phone, one, number=NUMBER)
    office.do(service.suspend_phone, one, until=NOW + DAY)
    assert office.ask(queries.bound_phone, one, now=NOW) is None
    assert office.ask(queries.person_by_phone, NUMBER, now=NOW) == (one, "suspended")
    assert office.ask(queries.person_by_account, "one").phone is None
    assert office.ask(queries.bound_phone, one, now=NOW + DAY) == NUMBER
    assert office.ask(queries.person_by_phone, NUMBER, now=NOW + DAY) == (one, "bound")
    assert office.ask(queries.person_by_id, one, now=NOW + DAY).phone == NUMBER
    office.do(service.resume_phone, one)
    assert office.ask(queries.bound_phone, one, now=NOW) == NUMBER


def test_a_new_number_may_rest_before_it_decides_anything(office: Office) -> None:
    one = office.hire("one")
    office.do(service.bind_phone, one, number=NUMBER, resting_until=NOW + 3 * DAY)
    assert office.ask(queries.bound_phone, one, now=NOW + 2 * DAY) is None
    assert office.ask(queries.bound_phone, one, now=NOW + 3 * DAY) == NUMBER


def test_an_unbound_number_is_free_for_the_next_person(office: Office) -> None:
    one, two = office.hire("one"), office.hire("two")
    office.do(service.bind_phone, one, number=NUMBER)
    office.do(service.unbind_phone, one)
    office.do(service.bind_phone, two, number=NUMBER)
    assert office.ask(queries.person_by_phone, NUMBER, now=NOW) == (two, "bound")
    assert isinstance(refusal(lambda: office.do(service.unbind_phone, one)), NotFound)


def test_whoever_leaves_loses_post_number_charge_and_delegations_at_once(office: Office) -> None:
    gone, other, proxy = (office.hire(account) for account in ("gone", "other", "proxy"))
    office.seat("gone", office.post("D-H", is_head=True))
    office.do(service.bind_phone, gone, number=NUMBER)
    office.do(service.put_in_charge, gone, office.units["D"])
    office.do(service.name_secretary, gone, other)
    office.do(service.grant_role, gone, role="office_duty")
    office.do(service.delegate, gone, proxy, valid_from=NOW, valid_to=NOW + DAY)
    assert office.ask(queries.may_act_for, proxy, gone, type="LEAVE", now=NOW)
    office.do(service.leave, gone)
    assert office.ask(queries.person_by_phone, NUMBER, now=NOW) is None
    assert office.ask(queries.unit_head, office.units["D"], NOW) is None
    assert office.ask(queries.leader_in_charge, office.units["D"], NOW) is None
    assert office.ask(queries.secretaries_of, gone, NOW) == []
    assert office.ask(queries.holders_of_role, "office_duty", NOW) == []
    assert not office.ask(queries.may_act_for, proxy, gone, type="LEAVE", now=NOW)
    assert office.ask(queries.profile, "proxy", NOW)["delegations"] == []
    card = office.ask(queries.person_by_account, "gone", now=NOW)
    assert (card.state, card.posts, card.phone) == ("left", [], None)
    assert refusal(lambda: office.do(service.bind_phone, gone, number=NUMBER)).code == "has_left"
    assert refusal(lambda: office.do(service.leave, gone)).code == "has_left"


def test_a_unit_has_one_head(office: Office) -> None:
    office.hire("head")
    office.hire("rival")
    post = office.post("D-H", is_head=True)
    office.seat("head", post)
    refused = refusal(lambda: office.seat("rival", post))
    assert (refused.code, refused.data["account"]) == ("head_taken", "head")


def test_a_new_main_post_ends_the_old_one_and_a_second_post_does_not(office: Office) -> None:
    one = office.hire("one")
    office.seat("one", office.post("D-1", name="科员"))
    office.seat("one", office.post("D-2", name="督察员"), kind="concurrent")
    office.unit("E", kind="internal", parent="B")
    office.seat("one", office.post("E-1", "E", name="副处长"), now=NOW + DAY)
    card = office.ask(queries.person_by_id, one, now=NOW + DAY)
    assert (card.posts, card.units) == (["E副处长", "D督察员"], ["E", "D"])


def test_a_post_can_be_given_back(office: Office) -> None:
    one = office.hire("one")
    seat = office.seat("one", office.post("D-1"))
    office.do(service.end_assignment, seat)
    assert office.ask(queries.person_by_id, one, now=NOW).posts == []
    assert isinstance(refusal(lambda: office.do(service.end_assignment, seat)), NotFound)


def test_a_unit_cannot_hang_below_itself_and_levels_follow_a_move(office: Office) -> None:
    office.unit("S", parent="D")
    office.unit("T", parent="S")
    assert (
        refusal(lambda: office.do(service.move_unit, office.units["D"], parent_id=office.units["T"])).code
        == "unit_loop"
    )
    office.do(service.move_unit, office.units["S"], parent_id=office.units["B"])
    levels = office.ask(lambda tx: {row.code: row.level for row in tx.execute(select(org_units))})
    assert levels == {"B": 1, "D": 2, "S": 2, "T": 3}


def test_a_unit_with_people_is_not_closed(office: Office) -> None:
    office.hire("one")
    seat = office.seat("one", office.post("D-1"))
    refused = refusal(lambda: office.do(service.close_unit, office.units["D"]))
    assert (refused.code, refused.data["people"]) == ("unit_in_use", 1)
    office.do(service.end_assignment, seat)
    office.do(service.close_unit, office.units["D"], successor_id=office.units["B"])


def test_the_same_account_or_employee_number_is_hired_once(office: Office) -> None:
    office.hire("one", emp_no="A1")
    assert refusal(lambda: office.hire("one", emp_no="A2")).code == "person_exists"
    assert refusal(lambda: office.hire("two", emp_no="A1")).code == "person_exists"


def test_nobody_delegates_to_himself_to_the_gone_or_in_a_circle(office: Office) -> None:
    a, b, c, gone = (office.hire(account) for account in ("aa", "bb", "cc", "gone"))
    office.do(service.leave, gone)
    period = {"valid_from": NOW, "valid_to": NOW + DAY}
    assert refusal(lambda: office.do(service.delegate, a, a, **period)).code == "self"
    assert refusal(lambda: office.do(service.delegate, a, gone, **period)).code == "has_left"
    assert refusal(lambda: office.do(service.delegate, gone, a, **period)).code == "has_left"
    assert (
        refusal(lambda: office.do(service.delegate, a, b, valid_from=NOW, valid_to=NOW)).code == "bad_period"
    )
    office.do(service.delegate, a, b, **period)
    office.do(service.delegate, b, c, **period)
    assert refusal(lambda: office.do(service.delegate, b, a, **period)).code == "delegation_loop"
    assert refusal(lambda: office.do(service.delegate, c, a, **period)).code == "delegation_loop"


def test_two_delegations_that_make_a_circle_are_not_both_accepted_at_once(office: Office) -> None:
    a, b = office.hire("aa"), office.hire("bb")

    def give(pair: tuple[int, int]) -> str:
        try:
            office.do(service.delegate, *pair, valid_from=NOW, valid_to=NOW + DAY)
        except Conflict as refused:
            return refused.code
        return "given"

    with ThreadPoolExecutor(2) as clerks:
        assert sorted(clerks.map(give, [(a, b), (b, a)])) == ["delegation_loop", "given"]


def test_a_circle_of_four_is_not_closed_from_two_sides_at_once(office: Office) -> None:
    """The two closing delegations share nobody, so only the order of changes can keep one of them out."""
    a, b, c, d = (office.hire(account) for account in ("aa", "bb", "cc", "dd"))
    period: dict[str, Any] = {"valid_from": NOW, "valid_to": NOW + DAY, "actor": CLERK, "now": NOW}
    office.store.write(service.delegate, a, b, **period)
    office.store.write(service.delegate, c, d, **period)
    given = Event()

    def give_and_linger(tx: Tx) -> None:
        service.delegate(tx, b, c, **period)
        given.set()
        sleep(0.3)  # the transaction stays open while the other side tries

    with ThreadPoolExecutor(1) as clerk:
        first = clerk.submit(office.store.write, give_and_linger)
        assert given.wait(30)
        assert refusal(lambda: office.store.write(service.delegate, d, a, **period)).code == "delegation_loop"
        first.result(30)


def test_a_delegate_acts_for_the_types_and_the_time_named_and_so_does_whom_he_names(office: Office) -> None:
    a, b, c = (office.hire(account) for account in ("aa", "bb", "cc"))
    given = office.do(service.delegate, a, b, types=["LEAVE"], valid_from=NOW, valid_to=NOW + DAY)
    office.do(service.delegate, b, c, valid_from=NOW, valid_to=NOW + 2 * DAY)

    def may(actor: int, now: Any = NOW, kind: str = "LEAVE") -> bool:
        return bool(office.ask(queries.may_act_for, actor, a, type=kind, now=now))

    for proxy in (b, c):
        assert may(proxy)
        assert not may(proxy, kind="PURCHASE")
        assert not may(proxy, NOW + DAY)
        assert not may(proxy, NOW - DAY)
    assert [card.account for card in office.ask(queries.delegates_of, a, type="LEAVE", now=NOW)] == ["bb"]
    office.do(service.revoke_delegation, given)
    assert not may(b)
    assert not may(c)


def test_an_absence_is_seen_while_it_lasts_and_ends_early_when_he_is_back(office: Office) -> None:
    one = office.hire("one")
    away = office.do(service.mark_absent, one, kind="travel", valid_from=NOW, valid_to=NOW + 5 * DAY)
    assert (
        refusal(
            lambda: office.do(
                service.mark_absent, one, kind="leave", valid_from=NOW + DAY, valid_to=NOW + 9 * DAY
            )
        ).code
        == "overlap"
    )
    assert office.ask(queries.is_absent, one, now=NOW + DAY)
    assert [row["kind"] for row in office.ask(queries.absences_of, one, now=NOW)] == ["travel"]
    office.do(service.come_back, away, now=NOW + 2 * DAY)
    assert not office.ask(queries.is_absent, one, now=NOW + 2 * DAY)


def test_every_change_stands_in_the_audit_without_a_number_in_it(office: Office) -> None:
    one = office.hire("one")
    office.do(service.bind_phone, one, number=NUMBER)
    told = office.ask(lambda tx: repr(tx.execute(select(Entry.__table__)).all()))  # type: ignore[attr-defined]  # SQLModel sets it
    assert "phone.bound" in told
    assert "person.hired" in told
    assert NUMBER not in told
    assert office.ask(audit.verify).ok


def test_a_refused_binding_leaves_no_trace(store: Store, office: Office) -> None:
    one, two = office.hire("one"), office.hire("two")
    office.do(service.bind_phone, one, number=NUMBER)
    refusal(lambda: office.do(service.bind_phone, two, number=NUMBER))

    def count(tx: Tx) -> int:
        return len(tx.execute(select(phones.c.id).join(persons, persons.c.id == phones.c.person_id)).all())

    assert store.read(count) == 1
