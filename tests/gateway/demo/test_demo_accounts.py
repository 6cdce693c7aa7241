"""A handful of the invented people can sign in, with a password of this run; nobody else gets one."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select, update

from approval_core.clock import utc_now
from approval_core.people.accounts.hashing import Hashing
from approval_core.people.accounts.models import credentials
from approval_core.people.accounts.settings import AccountSettings
from approval_core.people.demo import seed
from approval_core.people.models import persons
from approval_core.store import Store
from gateway.commands.office import _sign_in_lines
from gateway.demo.accounts import LEADER, open_accounts
from gateway.settings import load
from tests.factories import insert_person
from tests.gateway.conftest import running

QUICK = AccountSettings(memory_kib=64, passes=1, lanes=1)


@pytest.fixture
def bureau(store: Store) -> Store:
    store.write(seed, n=2200, now=utc_now())
    return store


def test_a_leader_a_secretary_a_clerk_the_administrator_and_the_auditor_get_one(bureau: Store) -> None:
    hashed = Hashing(QUICK).hash("of this run")
    opened = bureau.write(open_accounts, hashed=hashed, now=utc_now())
    assert opened[0].account == LEADER
    assert len({one.account for one in opened}) == 5
    assert [one.en for one in opened] == [
        "leader", "his secretary", "clerk", "administrator", "auditor (reads only)",
    ]  # fmt: skip
    assert len(bureau.read(lambda tx: tx.execute(select(credentials)).all())) == 5


def test_people_of_a_real_office_are_left_alone(store: Store) -> None:
    store.write(insert_person, LEADER, name="真人")
    assert store.write(open_accounts, hashed="x", now=utc_now()) == []
    store.write(lambda tx: tx.execute(update(persons).values(email=f"{LEADER}@office.example")) and None)
    assert store.write(open_accounts, hashed="x", now=utc_now()) == []


def test_the_printed_password_signs_in_and_the_next_run_has_another(bureau: Store, database_url: str) -> None:
    settings = load(database=database_url, port=0, demo=True, accounts=QUICK.model_dump())
    with running(settings) as site, httpx.Client(base_url=site.address, trust_env=False) as http:
        first, second = (_sign_in_lines(site.store, site.address, settings) for _ in range(2))
        passwords = [lines[0].split()[-1] for lines in (first, second)]
        assert passwords[0] != passwords[1]
        told = [
            http.post("/api/v1/sign-in", json={"account": LEADER, "password": password}).status_code
            for password in passwords
        ]
    assert told == [401, 200]
