"""What people ask for, filled in as the types want it; and one type of the simulation's own, with the acts no shipped type has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from approval_core.clock import OFFICE_ZONE

#: Branches that are worked at a time, people brought in, and a timeout that moves a task up.
OWN_TYPE_NAME = "SIMULATED_MATTER"
OWN_TYPE = """
type: SIMULATED_MATTER
title: {zh: 模拟事项, en: Simulated matter}
module: simulation
form:
  fields:
    - {name: topic, label: {zh: 事项, en: Matter}, type: string, required: true, show: [list, sms]}
subject: {zh: "办理：{topic}", en: "Matter: {topic}"}
sms: approve
route:
  - step: chief
    name: {zh: 科室负责人审批, en: Section chief}
    approvers: [{rule: SECTION_CHIEF}]
    add: {from: anyone}
    timeout: transfer_up
  - parallel: both
    join: all
    branches:
      money:
        - step: finance
          name: {zh: 财务管理处会签, en: Finance}
          approvers: [{rule: HEAD, unit: "990010"}]
      people:
        - step: personnel
          name: {zh: 人事处会签, en: Personnel}
          approvers: [{rule: HEAD, unit: "990012"}]
          add: {from: anyone}
  - step: leader
    name: {zh: 分管局领导审批, en: Leader in charge}
    approvers: [{rule: LEADER_IN_CHARGE}]
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody with something to ask for, and the accounts he may name."""

    random: Random
    today: date
    accounts: Sequence[str]

    def on(self, latest: int = 20) -> date:
        return self.today + timedelta(days=self.random.randint(1, latest))

    def days(self) -> int:
        return self.random.choice((1, 1, 1, 2, 2, 3, 5, 8))


def _leave(desk: Desk) -> dict[str, Any]:
    start, days = desk.on(), desk.days()
    kind = desk.random.choice(("annual", "personal", "sick", "comp"))
    end = start + timedelta(days=days - 1)
    return {"kind": kind, "start": start.isoformat(), "end": end.isoformat(), "days": str(days)}


def _supplies(desk: Desk) -> dict[str, Any]:
    total = f"{desk.random.choice((80, 350, 1200, 4800, 5200, 26000))}.00"
    return {"items": "打印纸、硒鼓", "main": "打印纸", "sum": total, "reason": "日常办公"}


def _vehicle(desk: Desk) -> dict[str, Any]:
    day, days = desk.on(), desk.days()
    start = datetime.combine(day, time(9), OFFICE_ZONE)
    end = start + timedelta(days=days - 1, hours=6)
    return {
        "purpose": "下户核查",
        "start": start.isoformat(),
        "end": end.isoformat(),
        "days": str(days),
        "out": desk.random.random() < 0.3,
        "place": "望潮区",
        "people": desk.random.randint(1, 5),
    }


def _training(desk: Desk) -> dict[str, Any]:
    start, days = desk.on(40), desk.days()
    return {
        "class": f"业务培训第{desk.random.randint(1, 40)}期",
        "start": start.isoformat(),
        "end": (start + timedelta(days=days - 1)).isoformat(),
        "days": days,
        "out": desk.random.random() < 0.3,
    }


def _knowledge(desk: Desk) -> dict[str, Any]:
    owner = desk.random.choice(desk.accounts)
    return {"topic": "发票问答", "category": "征管", "owner": owner, "body": "问与答若干条。"}


def _attendance(desk: Desk) -> dict[str, Any]:
    day = desk.today - timedelta(days=desk.random.randint(1, 10))
    return {"day": day.isoformat(), "status": "field", "reason": "外勤未打卡"}


def _overtime(desk: Desk) -> dict[str, Any]:
    return {"day": desk.on(5).isoformat(), "hours": "2.5", "kind": "workday", "work": "征期值守"}


def _desk_request(desk: Desk) -> dict[str, Any]:
    ticket = f"T{desk.random.randint(1, 999_999):06d}"
    return {"ticket": ticket, "topic": "更换显示器", "cost": f"{desk.random.choice((0, 900, 12000))}.00"}


def _matter(desk: Desk) -> dict[str, Any]:
    return {"topic": f"第{desk.random.randint(1, 99)}号督办"}


#: type → its share of what is filed, and how it is filled in
FORMS: Mapping[str, tuple[int, Callable[[Desk], dict[str, Any]]]] = {
    "LEAVE": (30, _leave),
    "SUPPLIES": (14, _supplies),
    "VEHICLE": (12, _vehicle),
    "TRAINING": (10, _training),
    "KB_PUBLISH": (6, _knowledge),
    "ATT_FIX": (10, _attendance),
    "OVERTIME": (8, _overtime),
    "DESK_REQUEST": (5, _desk_request),
    OWN_TYPE_NAME: (5, _matter),
}

#: What whoever decides a step has to write.
WRITTEN: Mapping[str, Mapping[str, Any]] = {"dispatcher": {"car": "海A12345", "driver": "老陈"}}


def form_of(desk: Desk) -> tuple[str, dict[str, Any]]:
    """Something to ask for: its type and its form."""
    [kind] = desk.random.choices(list(FORMS), [share for share, _ in FORMS.values()])
    return kind, FORMS[kind][1](desk)
