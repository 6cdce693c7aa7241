"""An approver writes into the form while he decides (F39), and old and new are kept (F40)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from approval_core.approvals import adding, assurance, changes, service
from approval_core.approvals.models import Request
from approval_core.approvals.rules.content import content_hash, fields_of
from approval_core.approvals.rules.policy import Policy
from approval_core.columns import table_of
from approval_core.errors import Forbidden, Invalid
from approval_core.inbox.models import ToDo
from approval_core.notices.models import Notice
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from tests.approval_core.approvals.motion import content, problems, refusal, resubmit, told
from tests.approval_core.approvals.routes import step_block
from tests.approval_core.approvals.types import FORM, House, step
from tests.factories import BY_APP, BY_SMS

requests, todos, notices = table_of(Request), table_of(ToDo), table_of(Notice)


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang", "zhao", "qian")


def test_f39_an_approver_writes_the_fields_of_his_step_and_no_other(house: House) -> None:
    bank = {"name": "bank", "label": {"zh": "账号", "en": "Bank"}, "type": "string"}
    own = step("wang", fields={"note": "write", "bank": "hidden"})
    house.publish(own, step("chief"), form={"fields": [*FORM["fields"], bank]})
    house.file("li")
    for field in ("days", "bank", "colour"):
        wrong = refusal(house.say, "wang", form={field: 9})
        assert (wrong.code, set(wrong.data["fields"])) == ("bad_form", {field})
    before = house.view().content_hash
    view = house.say("wang", form={"note": "已核"})
    assert view.form["note"] == "已核"
    assert view.content_hash != before
    assert view.decisions[0].by == "wang"
    assert problems(house) == []


def test_f39_a_step_is_not_approved_before_its_fields_are_filled(house: House) -> None:
    house.publish(step("wang", fields={"note": "required"}), step("chief"))
    house.file("li")
    wrong = refusal(house.say, "wang")
    assert (wrong.code, set(wrong.data["fields"])) == ("bad_form", {"note"})
    assert refusal(house.say, "wang", form={"note": " "}).code == "bad_form"
    assert house.asked() == {"wang"}
    house.say("wang", form={"note": "已核"})
    assert house.asked() == {"chief"}


def test_f39_a_no_needs_no_field(house: House) -> None:
    house.publish(step("wang", fields={"note": "required"}))
    house.file("li")
    assert house.say("wang", "reject").state == "returned"


def test_f39_nobody_who_approved_before_passes_a_step_whose_fields_are_empty(house: House) -> None:
    house.publish(step("a", "wang"), step("b", "wang", fields={"note": "required"}), step("chief"))
    house.file("li")
    house.say("wang")
    assert house.asked() == {"wang"}
    house.say("wang", form={"note": "已核"})
    assert house.asked() == {"chief"}


def test_f39_the_decision_is_about_the_content_with_what_he_wrote(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), step("chief"))
    house.file("li")
    house.say("wang", form={"note": "已核"})
    row = content(house)
    fields = fields_of(
        type=row.type, title=row.title, summary=row.summary, applicant=row.applicant, form=row.form
    )
    assert row.content_hash == content_hash(fields, row.salts)
    decided = next(data for verb, data in told(house) if verb == "decided")
    assert decided["content_hash"] == row.content_hash
    verbs = [verb for verb, _ in told(house)]
    assert verbs.index("fields.changed") < verbs.index("decided")


def test_f39_only_the_salt_of_the_changed_field_is_new(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), step("chief"))
    house.file("li")
    before = content(house).salts
    house.say("wang", form={"note": "已核"})
    after = content(house).salts
    assert {name for name in after if after[name] != before[name]} == {"form.note"}


def test_f39_title_summary_and_amount_follow_the_fields_and_so_do_the_lists(house: House) -> None:
    writes = step("wang", fields={"days": "write", "cost": "write"})
    both = {"parallel": "both", "branches": {"x": [writes], "y": [step("zhao")]}}
    house.publish(both, amount="cost")
    house.file("li", form={"days": 3, "cost": "5.00"})
    view = house.say("wang", form={"days": 2, "cost": "7.50"})
    assert (view.title, view.summary, view.amount) == ("请假2天", "天数:2", Decimal("7.50"))
    titles = house.store.read(
        lambda tx: tx.execute(select(todos.c.title).where(todos.c.state == "open")).scalars().all()
    )
    assert list(titles) == ["请假2天"]


def test_f39_a_condition_behind_the_step_sees_what_was_written(house: House) -> None:
    long = {"when": "form.days > 3", "do": [step("zhao")]}
    house.publish(
        step("wang", fields={"days": "write"}),
        {"choice": "long", "branches": [long], "otherwise": [step("chief")]},
    )
    house.file("li", form={"days": 1})
    house.say("wang", form={"days": 5})
    assert house.asked() == {"zhao"}


def test_f39_whoever_is_asked_at_the_same_time_is_asked_anew_and_his_old_code_is_void(house: House) -> None:
    both = {
        "parallel": "both",
        "branches": {"x": [step("wang", fields={"note": "write"})], "y": [step("zhao")]},
    }
    house.publish(both, sms="notify")
    house.file("li")
    old = house.task("zhao")
    house.say("wang", form={"note": "已核"})
    assert house.task("zhao").task_revision == old.task_revision + 1
    refused = refusal(house.decide_as, "zhao", old)
    assert refused.code == "changed"
    asked = house.store.read(
        lambda tx: [
            tuple(row)
            for row in tx.execute(
                select(notices.c.task_revision, notices.c.state)
                .where(notices.c.task_id == old.task_id, notices.c.kind.in_(["request", "reopened"]))
                .order_by(notices.c.id)
            )
        ]
    )
    assert [revision for revision, _ in asked] == [1, 2]
    assert asked[0][1] == "dropped"
    assert house.say("zhao").state == "approved"


def test_f39_what_was_decided_before_stays_and_names_its_own_content(house: House) -> None:
    both = {
        "parallel": "both",
        "branches": {"x": [step("wang", fields={"note": "write"})], "y": [step("zhao")]},
    }
    house.publish(both)
    house.file("li")
    shown = house.view().content_hash
    house.say("zhao")
    view = house.say("wang", form={"note": "已核"})
    assert view.state == "approved"
    assert [one.state for one in view.decisions] == ["effective", "effective"]
    hashes = [data["content_hash"] for verb, data in told(house) if verb == "decided"]
    assert hashes == [shown, view.content_hash]
    assert problems(house) == []


def test_f39_the_content_on_the_record_is_what_an_approver_made_of_it(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), step("chief"))
    house.file("li")
    house.say("wang", form={"note": "已核"})
    forged = update(requests).values(form={"days": 1, "cost": "0.00", "note": "伪造"})
    house.store.write(lambda tx: tx.execute(forged) and None)
    assert any("the content is not what its hash says" in one for one in problems(house))


def test_f39_what_was_written_with_a_decision_goes_back_with_it(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), step("chief"), hold=60)
    house.file("li", form={"note": "原文"})
    view = house.say("wang", form={"note": "改过"})
    assert view.form["note"] == "改过"
    decision = view.decisions[0].id
    house.store.write(
        service.undo, decision, actor=house.person("wang"), evidence=BY_APP, now=view.changed_at
    )
    assert house.view().form["note"] == "原文"
    assert house.asked() == {"wang"}
    assert problems(house) == []
    history = house.store.read(changes.history_of, house.request_id)
    assert [(one.change.old, one.change.new) for one in history] == [("原文", "改过"), ("改过", "原文")]


def test_f39_a_step_with_fields_to_fill_is_only_told_by_sms(house: House) -> None:
    policy = Policy(sms="approve")
    assert policy.sms_in({"step": "a", "fields": {"note": "required"}}, None) == "notify"
    assert policy.sms_in({"step": "a", "fields": {"note": "write"}}, None) == "approve"
    house.publish(step("wang", fields={"note": "required"}, sms="notify"), sms="approve")
    house.file("li")
    task = house.task("wang")
    with pytest.raises(Forbidden) as refused:
        house.store.write(
            service.decide, task.task_id, actor=house.person("wang"), evidence=BY_SMS, verdict="approve",
            task_revision=1, form={"note": "已核"}, now=house.now(),
        )  # fmt: skip
    assert refused.value.code == "not_by_sms"


def test_f39_an_amount_written_above_the_limit_closes_the_other_steps_to_sms(house: House) -> None:
    both = {
        "parallel": "both",
        "branches": {"x": [step("wang", fields={"cost": "write"})], "y": [step("zhao")]},
    }
    house.publish(both, sms="approve", amount="cost", limits={"sms": 1000})
    house.file("li", form={"cost": "10.00"})
    view = house.say("wang", form={"cost": "5000.00"})
    assert {one.block: one.sms for one in view.steps}["zhao"] == "notify"


def test_f39_an_asking_system_s_content_is_nobody_s_to_write(house: House) -> None:
    house.start(step_block("wang"), people="wang")
    wrong = refusal(house.say, "wang", form={"days": 9})
    assert (wrong.code, set(wrong.data["fields"])) == ("bad_form", {"days"})


def test_f40_who_changed_which_field_in_which_step_from_what_to_what(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), step("chief"))
    house.file("li", form={"days": 3})
    house.say("wang", form={"note": "已核"})
    view = house.say("chief", "return")
    resubmit(house, form={"days": 2})
    found = house.store.read(changes.history_of, house.request_id)
    assert [
        (one.change.name, one.change.old, one.change.new, one.by, one.block, one.decision_id, one.revision)
        for one in found
    ] == [
        ("note", None, "已核", "wang", "wang", view.decisions[0].id, 1),
        ("days", 3, 2, "li", None, None, 2),
    ]
    assert found[0].step == {"zh": "wang", "en": "wang"}
    assert found[1].change.label["en"] == "Days"


def test_f40_a_field_that_says_the_same_is_no_change(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), step("chief"))
    house.file("li", form={"note": "原文"})
    before = house.view().content_hash
    house.say("wang", form={"note": " 原文 "})
    assert house.view().content_hash == before
    assert house.store.read(changes.history_of, house.request_id) == []


def test_f40_a_hidden_field_is_named_in_the_history_without_its_values(house: House) -> None:
    house.publish(step("wang", fields={"cost": "write"}), step("chief"))
    house.file("li", form={"cost": "10.00"})
    house.say("wang", form={"cost": "20.00"})
    (found,) = house.store.read(changes.history_of, house.request_id, hidden=["cost"])
    assert (found.change.name, found.change.hidden, found.by) == ("cost", True, "wang")
    assert (found.change.old, found.change.new) == (None, None)


def test_f40_a_rule_of_the_form_is_about_the_day_it_was_submitted(house: House) -> None:
    late = {"when": "form.start < today", "message": {"zh": "日期已过", "en": "The day has passed"}}
    start = {"name": "start", "label": {"zh": "开始", "en": "Start"}, "type": "date", "required": True}
    house.publish(
        step("wang", fields={"note": "write"}), form={"fields": [*FORM["fields"], start], "rules": [late]}
    )
    house.file("li", form={"start": "2026-05-07"})
    house.minutes += 60 * 24 * 5
    assert house.say("wang", form={"note": "补办"}).state == "approved"


def test_f39_a_bad_value_of_an_approver_leaves_everything_as_it_was(house: House) -> None:
    house.publish(step("wang", fields={"cost": "write"}), step("chief"))
    house.file("li", form={"cost": "10.00"})
    before = house.view()
    with pytest.raises(Invalid):
        house.say("wang", form={"cost": "much"})
    assert house.view() == before


def test_f39_whoever_was_brought_in_only_reads(house: House) -> None:
    house.publish(step("wang", fields={"note": "required"}, add={"from": "anyone"}))
    house.file("li")
    task = house.task("wang")
    house.store.write(
        adding.add, task.task_id, [house.number("zhao")], actor=house.person("wang"), task_revision=1, placed="before",
        now=house.now(),
    )  # fmt: skip
    assert refusal(house.say, "zhao", form={"note": "已核"}).code == "bad_form"
    house.say("zhao")
    assert house.asked() == {"wang"}


def test_f39_a_revocation_is_decided_as_it_stands(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), revoke={"within_days": 30})
    first = house.file("li")
    house.say("wang", form={"note": "已核"})
    house.request_id = house.store.write(
        service.revoke, first.id, actor=house.person("li"), reason="改期", now=house.now()
    ).request_id
    assert refusal(house.say, "wang", form={"note": "改"}).code == "bad_form"
    assert house.say("wang").state == "approved"


def test_f39_the_administrator_fills_what_the_step_must_have_filled(house: House) -> None:
    house.publish(step("wang", fields={"note": "required"}))
    house.file("li")
    house.store.write(people.grant_role, house.number("zhao"), role="operator", actor=SYSTEM, now=house.now())
    said: Any = {
        "actor": house.person("zhao"), "evidence": BY_APP, "verdict": "approve", "task_revision": 1, "reason": "出差",
    }  # fmt: skip
    task_id = house.task("wang").task_id
    refused = refusal(house.store.write, service.override, task_id, now=house.now(), **said)
    assert set(refused.data["fields"]) == {"note"}
    house.store.write(service.override, task_id, form={"note": "代填"}, now=house.now(), **said)
    assert (house.view().state, house.view().form["note"]) == ("approved", "代填")


def test_f39_a_decision_taken_back_takes_its_writing_with_it(house: House) -> None:
    house.publish(step("wang", fields={"note": "write"}), step("chief"))
    house.file("li", form={"note": "原文"})
    decision = house.say("wang", form={"note": "改过"}).decisions[0].id
    house.store.write(
        service.take_back, decision, actor=house.person("wang"), evidence=BY_APP, now=house.now()
    )
    assert (house.view().form["note"], house.asked()) == ("原文", {"wang"})
    assert problems(house) == []


def test_f39_an_undo_leaves_what_somebody_else_has_written_there_since(house: House) -> None:
    own = {"fields": {"note": "write"}}
    both = {"parallel": "both", "branches": {"x": [step("wang", **own)], "y": [step("zhao", **own)]}}
    house.publish(both, hold=3600)
    house.file("li", form={"note": "原文"})
    first = house.say("wang", form={"note": "甲"}).decisions[0].id
    house.say("zhao", form={"note": "乙"})
    house.store.write(service.undo, first, actor=house.person("wang"), evidence=BY_APP, now=house.now())
    assert house.view().form["note"] == "乙"


def test_f39_what_was_said_provisionally_about_the_content_before_is_void(house: House) -> None:
    sure = step("zhao", floor=3)
    house.publish(
        {"parallel": "both", "branches": {"x": [step("wang", fields={"note": "write"})], "y": [sure]}}
    )
    house.file("li")
    house.say("zhao")
    assert [row.verdict for row in house.store.read(assurance.open_of, house.request_id)] == ["approve"]
    house.say("wang", form={"note": "已核"})
    assert house.store.read(assurance.open_of, house.request_id) == []


def test_f39_the_others_of_a_step_that_one_decision_ends_are_not_asked_anew_for_it(house: House) -> None:
    house.publish(step("a", "wang", "zhao", fields={"note": "write"}), sms="notify")
    house.file("li")
    house.say("wang", form={"note": "已核"})
    kinds = house.store.read(
        lambda tx: (
            tx.execute(
                select(notices.c.kind)
                .where(notices.c.person_id == house.number("zhao"))
                .order_by(notices.c.id)
            )
            .scalars()
            .all()
        )
    )
    assert list(kinds) == ["request", "elsewhere"]
