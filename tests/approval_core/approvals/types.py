"""Types for tests: a document written short and published, and a small unit with a head, a section and its people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from approval_core.approvals import filing, queries
from approval_core.approvals.filing import Filing
from approval_core.approvals.queries import RequestView
from approval_core.definitions import service as definitions
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM, Actor
from approval_core.store import Tx
from tests.approval_core.approvals.routes import Bureau
from tests.factories import NOW

FORM: dict[str, list[dict[str, Any]]] = {
    "fields": [
        {
            "name": "days",
            "label": {"zh": "天数", "en": "Days"},
            "type": "integer",
            "required": True,
            "show": ["sms"],
        },
        {"name": "cost", "label": {"zh": "金额", "en": "Cost"}, "type": "money", "required": True},
        {"name": "note", "label": {"zh": "说明", "en": "Note"}, "type": "text"},
    ]
}


class Plain(yaml.SafeDumper):
    """The same value twice is written twice: a document has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def step(name: str, *accounts: str, **settings: Any) -> dict[str, Any]:
    """A step that asks accounts, or by `rules`."""
    rules = settings.pop("rules", [{"rule": "USER", "account": account} for account in accounts or (name,)])
    return {"step": name, "name": {"zh": name, "en": name}, "approvers": rules, "own": "up"} | settings


def document(*route: Any, type: str = "LEAVE", **settings: Any) -> dict[str, Any]:  # noqa: A002  # the document's word
    return {
        "type": type,
        "title": {"zh": "请假", "en": "Leave"},
        "module": "hr",
        "form": FORM,
        "subject": {"zh": "请假{days}天", "en": "{days} days off"},
        "hold": 0,
        "route": list(route),
    } | settings


@dataclass
class House(Bureau):
    """A unit (U) with a head `chief` and its people; `publish` a type, `file` a request of it."""

    unit: dict[str, int] = field(default_factory=dict)

    def open(self, *staff: str) -> House:
        self.unit = self.store.write(_open, list(staff))
        for account, person_id in self.unit.items():
            if account != "U":
                self.people[account] = Actor("person", account, person_id)
        return self

    def number(self, account: str) -> int:
        """The person's row."""
        return self.unit[account]

    def publish(self, *route: Any, **settings: Any) -> int:
        text = yaml.dump(document(*route, **settings), Dumper=Plain, allow_unicode=True)
        return self.store.write(definitions.publish, text, actor=SYSTEM, now=self.now()).version_id

    def file(self, account: str = "li", *, type: str = "LEAVE", **facts: Any) -> RequestView:  # noqa: A002  # as above
        form = {"days": 1, "cost": "0.00"} | facts.pop("form", {})
        what = Filing(type=type, form=form, **facts)
        filed = self.store.write(filing.file, what, actor=self.person(account), now=self.now())
        self.request_id = filed.request_id
        return self.view()

    def copies(self) -> list[tuple[str, str]]:
        return [(one.account, one.place) for one in self.store.read(queries.copies_of, self.request_id)]


def _open(tx: Tx, staff: list[str]) -> dict[str, int]:
    unit_id = people.open_unit(tx, code="U", name="办公室", kind="internal", actor=SYSTEM, now=NOW)
    people_of = {"U": unit_id}
    head = people.open_post(
        tx, code="U-H", unit_id=unit_id, name="主任", rank="R3", is_head=True, actor=SYSTEM, now=NOW
    )
    seat = people.open_post(tx, code="U-S", unit_id=unit_id, name="科员", rank="R7", actor=SYSTEM, now=NOW)
    for account in ("chief", *staff):
        person_id = people.hire(
            tx, account=account, emp_no=account, name=account, rank="R3" if account == "chief" else "R7",
            actor=SYSTEM, now=NOW,
        )  # fmt: skip
        people.assign(tx, person_id, head if account == "chief" else seat, actor=SYSTEM, now=NOW)
        people_of[account] = person_id
    return people_of
