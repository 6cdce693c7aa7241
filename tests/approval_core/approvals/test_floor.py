"""B4: every combination of class, way, device, risk, floor and verdict, against what the office wrote down by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, pairwise, product

import pytest

from approval_core.approvals.rules import floor as rules
from approval_core.approvals.rules.floor import Device, Judgement, Risk, Secrecy, Stakes, Way
from tests.approval_core.approvals import assurance_tables

# --- written by hand, not derived: revoked suspended none registered pending certified ---
LEVELS: dict[str, tuple[int, int, int, int, int, int]] = {
    "sms_bare": (0, 0, 0, 0, 0, 1),
    "sms_code": (0, 0, 0, 0, 0, 2),
    "sms_provider_bare": (0, 0, 0, 0, 0, 0),
    "sms_provider_code": (0, 0, 0, 0, 0, 2),
    "sms_signed": (0, 0, 0, 0, 0, 3),
    "web_password": (0, 0, 2, 2, 2, 2),
    "web_passkey": (0, 0, 0, 2, 2, 3),
    "web_passkey_verified": (0, 0, 0, 2, 2, 3),
    "web_passkey_matched": (0, 0, 0, 2, 2, 4),
    "app_session": (0, 0, 0, 0, 0, 2),
    "app_signed": (0, 0, 0, 0, 0, 3),
    "app_challenge": (0, 0, 0, 0, 0, 4),
    "system_callback": (0, 0, 2, 2, 2, 2),
}
CLASS_FLOOR = {"open": 1, "internal": 2, "secret": 4, "confidential": 4, "top_secret": 4}
#: floor without risk -> (normal, raised, high)
BY_RISK = {1: (1, 2, 3), 2: (2, 3, 3), 3: (3, 4, 4), 4: (4, 4, 4)}
RISKS = (Risk.NORMAL, Risk.RAISED, Risk.HIGH)
VERDICTS = ("approve", "reject", "return")
FLOORS = range(5)
SMS = ("none", "notify", "approve")
BETTER = {"refused": 0, "provisional": 1, "final": 2}
DEAR, LIMIT = Decimal("50000.01"), Decimal(50000)


def by_hand(stakes: Stakes, verdict: str, risk: Risk) -> int:
    floor = max(1, stakes.type_floor, stakes.step_floor, CLASS_FLOOR[stakes.secrecy])
    if verdict != "approve" and stakes.sms_reject_ok:
        floor = min(floor, 2)
    return BY_RISK[floor][RISKS.index(risk)]


def all_stakes() -> Iterator[Stakes]:
    for secrecy, floor, sms, reject_ok in product(Secrecy, FLOORS, SMS, (False, True)):
        yield Stakes(type_floor=floor, secrecy=secrecy, sms=sms, sms_reject_ok=reject_ok)  # type: ignore[arg-type]  # one of SMS


def judge(
    way: Way, device: Device, stakes: Stakes, verdict: str, risk: Risk, *, batch: bool = False
) -> Judgement:
    level = rules.level_of(way, device)
    return rules.judge(
        channel=way.channel, level=level, stakes=stakes, verdict=verdict, risk=risk, batch=batch
    )


def test_every_way_has_the_level_the_office_wrote_down_for_each_state_of_its_device() -> None:
    assert set(LEVELS) == {way.value for way in Way}
    for way, device in product(Way, Device):
        assert rules.level_of(way, device) == LEVELS[way][tuple(Device).index(device)], (way, device)


@pytest.mark.parametrize("secrecy", Secrecy)
def test_no_decision_below_its_floor_is_final_in_any_combination(secrecy: Secrecy) -> None:
    """Class × way × device × risk × floor × verdict, with each mode of SMS: 105 300 cases for the five classes."""
    seen = finals = 0
    for stakes in (one for one in all_stakes() if one.secrecy is secrecy):
        for verdict, risk in product(VERDICTS, RISKS):
            floor = by_hand(stakes, verdict, risk)
            for way, device in product(Way, Device):
                found = judge(way, device, stakes, verdict, risk)
                level = LEVELS[way][tuple(Device).index(device)]
                assert (found.level, found.floor) == (level, floor)
                assert found.kind != "final" or 1 <= floor <= level
                assert found.kind != "provisional" or 1 <= level < floor
                assert found.kind != "refused" or level == 0 or closed_by_hand(way, stakes, verdict)
                seen += 1
                finals += found.kind == "final"
    assert seen == 5 * 3 * 2 * 3 * 3 * 13 * 6
    assert finals, "a table that refuses everything proves nothing"


def closed_by_hand(way: Way, stakes: Stakes, verdict: str) -> bool:
    if stakes.secrecy in ("secret", "confidential", "top_secret") and way.startswith(("sms", "app")):
        return True
    if not way.startswith("sms") or way is Way.SMS_SIGNED:
        return False
    if verdict != "approve" and stakes.sms_reject_ok:
        return False
    return stakes.sms != "approve" or stakes.secrecy != "open"


def test_what_is_provisional_names_a_way_that_makes_it_final_or_says_that_there_is_none() -> None:
    for stakes, verdict, risk, way in product(all_stakes(), VERDICTS, RISKS, Way):
        found = judge(way, Device.CERTIFIED, stakes, verdict, risk)
        if found.kind == "provisional":
            assert found.reason == "below_floor"
            assert found.step_up
        if found.kind == "final":
            assert found.step_up == ()
        for up in found.step_up:
            assert judge(up, Device.CERTIFIED, stakes, verdict, risk).kind == "final"
        levels = [LEVELS[up][-1] for up in found.step_up]
        assert levels == sorted(levels), "the least demanding first"


def test_a_person_is_shown_only_ways_he_has_and_is_told_when_he_has_none() -> None:
    stakes = Stakes(type_floor=3)
    asked = {"channel": "sms", "level": 2, "stakes": stakes, "verdict": "approve"}
    both = rules.judge(**asked, owns=[Way.WEB_PASSWORD, Way.WEB_PASSKEY])  # type: ignore[arg-type]  # of each its own
    assert (both.kind, both.reason, both.step_up) == ("provisional", "below_floor", (Way.WEB_PASSKEY,))
    assert both.why.zh == "本次答复为AL2,该事项要求AL3,请用以下方式之一确认:电脑端通行密钥"
    assert both.why.en == "the answer has AL2, the matter needs AL3; confirm it by one of: PC, passkey"
    none = rules.judge(**asked, owns=[Way.WEB_PASSWORD])  # type: ignore[arg-type]  # of each its own
    assert (none.kind, none.reason, none.step_up) == ("provisional", "below_floor_no_way", ())
    assert "联系单位管理员" in none.why.zh
    assert "no way to confirm" in none.why.en


def test_a_higher_level_is_never_judged_worse() -> None:
    for stakes, verdict, risk, channel in product(
        all_stakes(), VERDICTS, RISKS, ("sms", "app", "web", "system")
    ):
        kinds = [
            rules.judge(channel=channel, level=level, stakes=stakes, verdict=verdict, risk=risk).kind
            for level in range(5)
        ]
        assert all(BETTER[low] <= BETTER[high] for low, high in pairwise(kinds)), (channel, stakes, kinds)


def test_a_higher_risk_is_never_judged_better_and_never_lowers_the_floor() -> None:
    for stakes, verdict, way, batch in product(all_stakes(), VERDICTS, Way, (False, True)):
        found = [judge(way, Device.CERTIFIED, stakes, verdict, risk, batch=batch) for risk in RISKS]
        assert all(a.floor <= b.floor for a, b in pairwise(found))
        assert all(BETTER[a.kind] >= BETTER[b.kind] for a, b in pairwise(found)), (stakes, way, batch)


def test_a_device_less_trusted_is_never_judged_better() -> None:
    for stakes, verdict, way in product(all_stakes(), VERDICTS, Way):
        kinds = [BETTER[judge(way, device, stakes, verdict, Risk.NORMAL).kind] for device in Device]
        assert kinds == sorted(kinds)


def test_a_floor_named_higher_by_type_step_class_or_amount_only_raises() -> None:
    for (low, high), verdict, risk in product(pairwise(FLOORS), VERDICTS, RISKS):
        for changes in ({"type_floor": high}, {"step_floor": high}, {"thresholds": ((LIMIT, high),)}):
            below = Stakes(type_floor=low, amount=DEAR)
            above = replace(below, **changes)
            assert rules.floor_of(above, verdict=verdict, risk=risk) >= rules.floor_of(
                below, verdict=verdict, risk=risk
            )
    floors = [rules.floor_of(Stakes(secrecy=one), verdict="approve", risk=Risk.NORMAL) for one in Secrecy]
    assert floors == [1, 2, 4, 4, 4]


def test_a_no_needs_less_than_a_yes_where_the_step_allows_it() -> None:
    for stakes, risk, verdict in product(all_stakes(), RISKS, ("reject", "return")):
        yes = rules.floor_of(stakes, verdict="approve", risk=risk)
        no = rules.floor_of(stakes, verdict=verdict, risk=risk)
        if stakes.sms_reject_ok and by_hand(stakes, "approve", Risk.NORMAL) > 2:
            assert no < yes
        elif stakes.sms_reject_ok:
            assert no <= yes
        else:
            assert no == yes


def test_a_seal_is_announced_by_sms_and_its_no_may_come_back_by_sms() -> None:
    seal = Stakes(type_floor=4, sms="notify", sms_reject_ok=True)
    yes = judge(Way.SMS_CODE, Device.CERTIFIED, seal, "approve", Risk.NORMAL)
    no = judge(Way.SMS_CODE, Device.CERTIFIED, seal, "reject", Risk.NORMAL)
    assert (yes.kind, yes.reason, yes.step_up) == (
        "refused", "not_by_sms", (Way.WEB_PASSKEY_MATCHED, Way.APP_CHALLENGE),
    )  # fmt: skip
    assert (no.kind, no.restricted) == ("final", True)
    bare = judge(Way.SMS_BARE, Device.CERTIFIED, seal, "reject", Risk.NORMAL)
    assert (bare.kind, bare.floor) == ("provisional", 2)


def test_above_its_limit_no_plain_sms_approves_whatever_the_type_says() -> None:
    for amount, kind in (
        (LIMIT, "final"),
        (DEAR, "refused"),
        (-DEAR, "refused"),
        (Decimal("NaN"), "refused"),
        (None, "refused"),
    ):
        stakes = Stakes(amount=amount, sms_limit=LIMIT)
        assert judge(Way.SMS_CODE, Device.CERTIFIED, stakes, "approve", Risk.NORMAL).kind == kind, amount
        assert judge(Way.WEB_PASSWORD, Device.CERTIFIED, stakes, "approve", Risk.NORMAL).kind == "final"
        assert judge(Way.SMS_SIGNED, Device.CERTIFIED, stakes, "approve", Risk.NORMAL).kind == "final"
    assert rules.floor_of(Stakes(amount=DEAR, sms_limit=LIMIT), verdict="approve", risk=Risk.NORMAL) == 2
    purchase = Stakes(amount=DEAR, thresholds=((LIMIT, 3), (Decimal(500000), 4)))
    assert rules.floor_of(purchase, verdict="approve", risk=Risk.NORMAL) == 3


def test_nobody_approves_by_sms_what_he_has_not_opened() -> None:
    stakes = Stakes(unread_attachment=True)
    assert judge(Way.SMS_CODE, Device.CERTIFIED, stakes, "approve", Risk.NORMAL).reason == "not_by_sms"
    assert judge(Way.APP_SESSION, Device.CERTIFIED, stakes, "approve", Risk.NORMAL).kind == "final"


def test_an_item_above_the_batch_floor_is_refused_in_a_batch_and_only_there() -> None:
    for stakes, verdict, risk, way in product(all_stakes(), VERDICTS, RISKS, Way):
        alone = judge(way, Device.CERTIFIED, stakes, verdict, risk)
        among = judge(way, Device.CERTIFIED, stakes, verdict, risk, batch=True)
        if by_hand(stakes, verdict, risk) > 2:
            assert among.kind == "refused"
            assert among.reason in ("alone", alone.reason)
        else:
            assert among == alone
    dear = Stakes(amount=DEAR, batch_limit=LIMIT)
    refused = judge(Way.SMS_CODE, Device.CERTIFIED, dear, "approve", Risk.NORMAL, batch=True)
    assert (refused.kind, refused.reason) == ("refused", "alone")
    assert refused.why.zh == "该事项须单独办理,不能与其他事项一并答复"
    assert Way.SMS_CODE in refused.step_up
    assert judge(Way.SMS_CODE, Device.CERTIFIED, dear, "reject", Risk.NORMAL, batch=True).kind == "final"


def test_signs_only_add_to_the_risk() -> None:
    order = list(RISKS)
    for size in range(len(rules.SIGNS) + 1):
        for signs in combinations(rules.SIGNS, size):
            risk = rules.risk_of(signs)
            assert (risk is Risk.NORMAL) == (size == 0)
            assert size < 2 or risk is Risk.HIGH
            for more in set(rules.SIGNS) - set(signs):
                assert order.index(rules.risk_of([*signs, more])) >= order.index(risk)
    with pytest.raises(KeyError):
        rules.risk_of(["full_moon"])


def test_the_stakes_are_read_off_the_document_of_the_type_and_the_step() -> None:
    document = {"floor": 1, "sms": "approve", "limits": {"sms": "50000", "batch": None}, "never_sms": False}
    step = {"step": "chief", "floor": 3, "sms": None, "sms_reject_ok": True}
    assert rules.stakes_of(document, step, amount=DEAR, secrecy=Secrecy.INTERNAL) == Stakes(
        type_floor=1,
        step_floor=3,
        secrecy=Secrecy.INTERNAL,
        amount=DEAR,
        sms_limit=LIMIT,
        sms="approve",
        sms_reject_ok=True,
    )
    never = rules.stakes_of({"never_sms": True}, {"sms": "approve", "floor": 0}, unread_attachment=True)
    assert (never.sms, never.step_floor, never.unread_attachment) == ("notify", 1, True)
    assert rules.stakes_of({}, {}) == Stakes(sms="none")


def test_the_page_shows_the_tables_as_the_rules_have_them() -> None:
    page = assurance_tables.PAGE.read_text("utf-8")
    assert assurance_tables.filled(page) == page
    assert page.count("| AL") + page.count("| `") > 30
