"""F35: who may decide in whose name, through how many hands, for which types and sums, while who is away."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approval_core.errors import Conflict, Forbidden, Invalid, OfficeError
from approval_core.people import queries, service
from approval_core.people.actor import Actor
from approval_core.people.models import absences, delegations
from tests.approval_core.people.conftest import DAY, NOW, Office

PERIOD: dict[str, Any] = {"valid_from": NOW, "valid_to": NOW + DAY}


def named(office: Office, *accounts: str) -> list[int]:
    return [office.hire(account) for account in accounts]


def proxies(office: Office, person_id: int, **facts: Any) -> list[str]:
    facts = {"type": "LEAVE", "amount": None, "now": NOW} | facts
    return [one.account for one in office.ask(queries.proxies_of, person_id, **facts)]


def give(office: Office, giver: int, taker: int, **facts: Any) -> int:
    return int(office.do(service.delegate, giver, taker, **PERIOD | facts))


def person(office: Office, account: str) -> Actor:
    return Actor(kind="person", name=account, person_id=office.people[account])


def test_f35_what_is_given_goes_through_three_hands_and_no_further(office: Office) -> None:
    people = named(office, "aa", "bb", "cc", "dd", "ee")
    for giver, taker in pairwise(people):
        give(office, giver, taker)
    assert proxies(office, people[0]) == ["bb", "cc", "dd"]
    chains = office.ask(queries.proxies_of, people[0], type="LEAVE", amount=None, now=NOW)
    assert [one.chain for one in chains] == [tuple(people[:2]), tuple(people[:3]), tuple(people[:4])]
    assert not office.ask(queries.may_act_for, people[4], people[0], type="LEAVE", now=NOW)
    assert len({one.delegation_id for one in chains}) == 1


def test_f35_whoever_has_given_it_on_is_asked_after_those_who_have_not(office: Office) -> None:
    a, b, c, d = named(office, "aa", "bb", "cc", "dd")
    give(office, a, b)
    give(office, a, c)
    give(office, b, d)
    assert proxies(office, a) == ["cc", "dd", "bb"]


def test_f35_an_absent_proxy_is_passed_over_and_his_own_proxy_is_asked(office: Office) -> None:
    a, b, c = named(office, "aa", "bb", "cc")
    give(office, a, b)
    away = office.do(service.mark_absent, b, kind="travel", **PERIOD)
    assert proxies(office, a) == []
    assert not office.ask(queries.may_act_for, b, a, type="LEAVE", now=NOW)
    give(office, b, c)
    assert proxies(office, a) == ["cc"]
    office.do(service.come_back, away)
    assert proxies(office, a) == ["cc", "bb"]


def test_f35_the_period_is_half_open_and_the_type_is_kept_through_every_hand(office: Office) -> None:
    a, b, c = named(office, "aa", "bb", "cc")
    give(office, a, b, types=["LEAVE", "OUT"])
    give(office, b, c, types=["OUT", "PURCHASE"])
    assert proxies(office, a, type="LEAVE") == ["bb"]
    assert proxies(office, a, type="OUT") == ["cc", "bb"]
    assert proxies(office, a, type="PURCHASE") == []
    assert proxies(office, a, now=NOW + DAY) == []


def test_f35_a_ceiling_covers_sums_up_to_itself_and_nothing_without_a_sum(office: Office) -> None:
    a, b, c = named(office, "aa", "bb", "cc")
    give(office, a, b, ceiling=Decimal("10000.00"))
    give(office, b, c, ceiling=Decimal("99.99"))

    def of(amount: str | None) -> list[str]:
        return proxies(office, a, amount=None if amount is None else Decimal(amount))

    assert of("99.99") == ["cc", "bb"]
    assert of("99.991") == ["bb"]
    assert of("10000") == ["bb"]
    assert of("10000.01") == []
    assert of(None) == []
    assert not office.ask(queries.may_act_for, b, a, type="LEAVE", now=NOW)
    assert office.ask(queries.may_act_for, c, a, type="LEAVE", amount=Decimal(99), now=NOW)


@pytest.mark.parametrize("ceiling", ["0", "-1", "0.001", "NaN", "Infinity", "1e14"])
def test_a_ceiling_is_a_sum_of_money(office: Office, ceiling: str) -> None:
    a, b = named(office, "aa", "bb")
    with pytest.raises(Invalid) as refused:
        give(office, a, b, ceiling=Decimal(ceiling))
    assert refused.value.code == "bad_ceiling"


def test_a_secretary_never_decides_neither_named_nor_through_others(office: Office) -> None:
    leader, deputy, secretary, other = named(office, "leader", "deputy", "secretary", "other")
    office.do(service.name_secretary, leader, secretary)
    with pytest.raises(Conflict) as refused:
        give(office, leader, secretary)
    assert refused.value.code == "secretary"
    give(office, leader, deputy)
    give(office, deputy, secretary)
    give(office, secretary, other)
    assert proxies(office, leader) == ["deputy"]
    assert proxies(office, deputy) == ["other", "secretary"]


def test_only_the_giver_or_an_administrator_delegates_and_never_his_secretary(office: Office) -> None:
    leader, other, secretary, admin, local = named(office, "leader", "other", "secretary", "admin", "local")
    office.unit("E", kind="internal", parent="B")
    office.seat("leader", office.post("D-H", is_head=True))
    office.do(service.name_secretary, leader, secretary)
    office.do(service.grant_role, admin, role="system_admin")
    office.do(service.grant_role, secretary, role="system_admin")
    office.do(service.grant_role, local, role="system_admin", unit_id=office.units["E"])

    def refused(actor: Actor) -> str:
        with pytest.raises(Forbidden) as raised:
            give(office, leader, other, actor=actor)
        return raised.value.code

    assert refused(person(office, "secretary")) == "secretary"
    assert refused(person(office, "other")) == "not_yours"
    assert refused(person(office, "local")) == "not_yours"
    assert refused(Actor(kind="client", name="hr", client_id=1)) == "not_yours"
    assert refused(Actor(kind="person", name="leader")) == "not_yours"
    first = give(office, leader, other, actor=person(office, "leader"))
    with pytest.raises(Forbidden):
        office.do(service.revoke_delegation, first, actor=person(office, "other"))
    office.do(service.revoke_delegation, first, actor=person(office, "admin"))
    office.do(service.grant_role, local, role="system_admin", unit_id=office.units["D"])
    assert give(office, leader, other, actor=person(office, "local")) > first


def test_absences_are_entered_by_himself_the_personnel_office_and_its_system(office: Office) -> None:
    one, clerk, other = named(office, "one", "clerk", "other")
    office.do(service.grant_role, clerk, role="hr_clerk")
    client = Actor(kind="client", name="hr", client_id=1)
    for days, actor in enumerate((person(office, "one"), person(office, "clerk"), client)):
        start = NOW + days * DAY
        office.do(service.mark_absent, one, kind="leave", valid_from=start, valid_to=start + DAY, actor=actor)
    for actor in (person(office, "other"), Actor(kind="person", name="one")):
        with pytest.raises(Forbidden):
            office.do(
                service.mark_absent,
                other if actor.person_id is None else one,
                kind="leave",
                valid_from=NOW + 9 * DAY,
                valid_to=NOW + 10 * DAY,
                actor=actor,
            )
    with pytest.raises(Forbidden):
        office.do(service.delegate, one, other, **PERIOD, actor=person(office, "clerk"))


def test_an_absent_head_without_delegation_has_a_marked_stand_in(office: Office) -> None:
    head, first, second = named(office, "head", "first", "second")
    office.seat("head", office.post("D-H", name="处长", is_head=True))
    office.seat("second", office.post("D-D2", name="副处长", is_deputy=True, sort=2))
    office.seat("first", office.post("D-D1", name="副处长", is_deputy=True, sort=1))
    assert office.ask(queries.standin_of, head, now=NOW) is None
    office.do(service.mark_absent, head, kind="sick", **PERIOD)
    found = office.ask(queries.standin_of, head, now=NOW)
    assert (found.account, found.capacity, found.instead_of_id) == ("first", "deputy", head)
    assert (found.zh, found.unit_id) == ("D副处长代行（本人不在岗且未委托）", office.units["D"])
    assert proxies(office, head) == []
    assert not office.ask(queries.may_act_for, first, head, type="LEAVE", now=NOW)
    office.do(service.mark_absent, first, kind="travel", **PERIOD)
    assert office.ask(queries.standin_of, head, now=NOW).account == "second"
    office.do(service.mark_absent, second, kind="travel", **PERIOD)
    assert office.ask(queries.standin_of, head, now=NOW) is None


def test_f37_an_absence_proposes_the_last_proxy_else_the_deputy_and_one_call_activates_it(
    office: Office,
) -> None:
    head, deputy, friend = named(office, "head", "deputy", "friend")
    office.seat("head", office.post("D-H", name="处长", is_head=True))
    office.seat("deputy", office.post("D-D", name="副处长", is_deputy=True))
    away = office.do(service.mark_absent, head, kind="leave", **PERIOD)
    proposed = office.ask(queries.proposal_for, away, now=NOW)
    assert (proposed.account, proposed.because["code"]) == ("deputy", "beside")
    office.do(service.activate_proxy, away, actor=person(office, "head"))
    assert proxies(office, head) == ["deputy"]
    with pytest.raises(Conflict):
        office.do(service.activate_proxy, away)
    office.do(service.come_back, away)
    assert proxies(office, head) == []
    later = NOW + 3 * DAY
    give(office, head, friend, types=["OUT"], ceiling=Decimal(500), valid_from=later, valid_to=later + DAY)
    again = office.do(service.mark_absent, head, kind="travel", valid_from=later, valid_to=later + DAY)
    proposed = office.ask(queries.proposal_for, again, now=NOW)
    assert (proposed.account, proposed.because["code"]) == ("friend", "last")
    assert (proposed.types, proposed.ceiling) == (("OUT",), Decimal("500.00"))
    office.do(service.activate_proxy, again, to_id=deputy)
    assert proxies(office, head, now=later) == ["deputy"]


def test_f37_nobody_is_proposed_who_is_away_himself_or_would_close_a_circle(office: Office) -> None:
    head, first, second, chief = named(office, "head", "first", "second", "chief")
    office.seat("chief", office.post("B-H", "B", name="局长", is_head=True))
    office.seat("head", office.post("D-H", name="处长", is_head=True))
    office.seat("first", office.post("D-D1", name="副处长", is_deputy=True, sort=1))
    office.seat("second", office.post("D-D2", name="副处长", is_deputy=True, sort=2))
    give(office, first, head)
    away = office.do(service.mark_absent, head, kind="leave", **PERIOD)
    assert office.ask(queries.proposal_for, away, now=NOW).account == "second"
    office.do(service.mark_absent, second, kind="leave", **PERIOD)
    proposed = office.ask(queries.proposal_for, away, now=NOW)
    assert (proposed.account, proposed.because["code"]) == ("chief", "above")
    office.do(service.mark_absent, chief, kind="leave", **PERIOD)
    assert office.ask(queries.proposal_for, away, now=NOW) is None
    with pytest.raises(Conflict) as refused:
        office.do(service.activate_proxy, away)
    assert refused.value.code == "no_proposal"


edges = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=14)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ties=edges, away=st.sets(st.integers(0, 5)), refuse=st.booleans())
def test_f35_any_web_of_delegations_ends_and_both_questions_agree(
    office: Office, ties: set[tuple[int, int]], away: set[int], refuse: bool
) -> None:
    """With circles written past the service as well."""
    if not office.people:
        named(office, *(f"p{place}" for place in range(6)))
    people = list(office.people.values())

    def lay(tx: Any) -> None:
        tx.execute(delegations.delete())
        tx.execute(absences.delete())
        for giver, taker in sorted(ties):
            if refuse:
                try:
                    service.delegate(tx, people[giver], people[taker], **PERIOD, actor=OPERATOR, now=NOW)
                except OfficeError:
                    continue
            else:
                values = {"from_id": people[giver], "to_id": people[taker], "types": [], "reason": ""}
                tx.execute(delegations.insert(), values | PERIOD)
        for place in away:
            service.mark_absent(tx, people[place], kind="leave", **PERIOD, actor=OPERATOR, now=NOW)

    office.store.write(lay)
    for giver in people:
        found = office.ask(queries.proxies_of, giver, type="LEAVE", amount=None, now=NOW)
        mine = {one.person_id for one in found}
        assert len(mine) == len(found)
        for one in found:
            assert one.chain[0] == giver
            assert one.chain[-1] == one.person_id != giver
            assert len(one.chain) <= 4
            assert len(set(one.chain)) == len(one.chain)
            assert people.index(one.person_id) not in away
        for actor in people:
            may = office.ask(queries.may_act_for, actor, giver, type="LEAVE", now=NOW)
            assert may == (actor in mine)


OPERATOR = Actor(kind="system", name="operator")
