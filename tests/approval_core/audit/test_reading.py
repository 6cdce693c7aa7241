"""An auditor reads everything, and everything he reads is on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from approval_core import audit
from approval_core.audit.reading import CHAIN, find_entries, read_as_auditor
from approval_core.errors import Forbidden, Invalid
from approval_core.people.actor import Actor
from approval_core.people.models import RoleGrant, persons
from approval_core.store import Store, Tx
from tests.approval_core.audit.records import NOW, decide
from tests.factories import CLIENT, insert_person


def appoint(store: Store, account: str, role: str = "auditor", *, until: datetime | None = None) -> Actor:
    def work(tx: Tx) -> int:
        person = insert_person(tx, account)
        tx.session.add(
            RoleGrant(person_id=person, role=role, valid_from=NOW - timedelta(days=9), valid_to=until)
        )
        return person

    return Actor("person", account, person_id=store.write(work))


def read(store: Store, actor: Actor, thing: str = "request:1") -> int:
    return store.write(read_as_auditor, actor=actor, thing=thing, now=NOW)


def all_of(store: Store, **wanted: Any) -> list[str]:
    return [one["thing"] for one in store.read(find_entries, **wanted).items]


def test_each_reading_is_an_entry_of_its_own_chain(store: Store) -> None:
    for role in ("auditor", "audit_admin"):
        read(store, appoint(store, f"sj_{role}", role), f"request:{role}")
    found = store.read(find_entries, chain=CHAIN).items
    assert [(one["actor"], one["verb"], one["thing"]) for one in found] == [
        ("sj_auditor", "audit.read", "request:auditor"), ("sj_audit_admin", "audit.read", "request:audit_admin"),
    ]  # fmt: skip
    assert store.read(audit.verify).ok


def test_nobody_else_reads_as_an_auditor(store: Store) -> None:
    gone = appoint(store, "sj00003")
    store.write(
        lambda tx: (
            tx.execute(update(persons).where(persons.c.id == gone.person_id).values(state="left")) and None
        )
    )
    for actor in (
        appoint(store, "sj00001", "system_admin"),
        appoint(store, "sj00002", until=NOW),
        gone,
        CLIENT,
        Actor("person", "nobody"),
    ):
        with pytest.raises(Forbidden) as refused:
            read(store, actor)
        assert refused.value.code == "not_an_auditor"
    assert all_of(store, chain=CHAIN) == []


def test_the_trail_is_found_by_chain_person_verb_and_period(store: Store) -> None:
    decide(store, 0, 12)
    store.write(
        audit.append, chain="people", actor="hy00002", verb="moved", thing="person:1", data={}, now=NOW
    )
    assert all_of(store, chain="request:2") == ["decision:2", "decision:7"]
    assert all_of(store, person="hy00002") == all_of(store, verb="moved") == ["person:1"]
    assert all_of(store, thing="decision:5") == ["decision:5"]
    period = {"since": NOW + timedelta(seconds=3), "until": NOW + timedelta(seconds=5)}
    assert all_of(store, **period) == ["decision:3", "decision:4"]


def test_pages_hold_every_entry_once(store: Store) -> None:
    decide(store, 0, 23)
    seen: list[str] = []
    after = None
    pages = 0
    while pages == 0 or after is not None:
        page = store.read(find_entries, after=after, limit=5)
        seen += [one["thing"] for one in page.items]
        after, pages = page.next, pages + 1
    assert (seen, pages) == ([f"decision:{number}" for number in range(23)], 5)
    for limit in (0, 1001):
        with pytest.raises(Invalid):
            store.read(find_entries, limit=limit)
