"""Accounts of the demo bureau that can sign in: one password for all of them, made anew by every run and only printed.

Only people whose mail address is the demo bureau's get one; a real office's database is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from approval_core.people.accounts.service import set_password
from approval_core.people.actor import SYSTEM
from approval_core.people.models import persons, role_grants, secretaries
from approval_core.people.queries.moments import holds
from approval_core.store import Tx

LEADER = "hy00001"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    account: str
    name: str
    zh: str
    en: str


def open_accounts(tx: Tx, *, hashed: str, now: datetime) -> list[DemoAccount]:
    """Give the password behind `hashed` to a leader, his secretary, a clerk, the administrator and the auditor."""
    found = []
    for zh, en, query in _wanted(now):
        row = tx.execute(query.order_by(persons.c.account).limit(1)).first()
        if row is None:
            continue
        set_password(tx, row.id, new_hash=hashed, must_change=False, actor=SYSTEM, now=now)
        found.append(DemoAccount(row.account, row.name, zh, en))
    return found


def _wanted(now: datetime) -> list[tuple[str, str, Select[Any]]]:
    invented = select(persons.c.id, persons.c.account, persons.c.name).where(
        persons.c.state == "active", persons.c.email == persons.c.account + "@haiyu.test"
    )
    leader = select(persons.c.id).where(persons.c.account == LEADER).scalar_subquery()
    of_leader = select(secretaries.c.person_id).where(
        secretaries.c.leader_id == leader, holds(secretaries, now)
    )
    busy = or_(
        persons.c.id.in_(select(role_grants.c.person_id)), persons.c.id.in_(select(secretaries.c.person_id))
    )

    def holding(role: str) -> Select[Any]:
        granted = select(role_grants.c.person_id).where(role_grants.c.role == role, holds(role_grants, now))
        return invented.where(persons.c.id.in_(granted))

    return [
        ("局长", "leader", invented.where(persons.c.account == LEADER)),
        ("局长秘书", "his secretary", invented.where(persons.c.id.in_(of_leader))),
        ("科员", "clerk", invented.where(persons.c.rank == "R7", ~busy)),
        ("系统管理员", "administrator", holding("system_admin")),
        ("审计管理员", "auditor (reads only)", holding("audit_admin")),
    ]
