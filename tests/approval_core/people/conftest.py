"""A small office made through the service, and the whole demo bureau, seeded once for each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from approval_core.people import service
from approval_core.people.actor import Actor
from approval_core.people.demo import seed as seed_bureau
from approval_core.store import Store
from tests.conftest import ENGINES

NOW = datetime(2026, 5, 6, 1, 0, tzinfo=UTC)  # 09:00 in the office
DAY = timedelta(days=1)
CLERK = Actor(kind="system", name="clerk")


class Office:
    """Department D of bureau B, and people by account; every call goes through the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.units: dict[str, int] = {}
        self.people: dict[str, int] = {}
        self.unit("B", kind="bureau")
        self.unit("D", kind="internal", parent="B")

    def do(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.store.write(work, *args, **{"actor": CLERK, "now": NOW} | kwargs)

    def ask(self, query: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.store.read(query, *args, **kwargs)

    def unit(self, code: str, *, kind: str = "section", parent: str | None = None) -> int:
        above = self.units[parent] if parent else None
        self.units[code] = self.do(service.open_unit, code=code, name=code, kind=kind, parent_id=above)
        return self.units[code]

    def hire(self, account: str, *, rank: str = "R5", **facts: Any) -> int:
        facts = {"emp_no": account.upper(), "name": "王伟"} | facts
        self.people[account] = self.do(service.hire, account=account, rank=rank, **facts)
        return self.people[account]

    def post(self, code: str, unit: str = "D", **facts: Any) -> int:
        facts = {"name": "科员", "rank": "R5"} | facts
        return int(self.do(service.open_post, code=code, unit_id=self.units[unit], **facts))

    def seat(self, account: str, post_id: int, **facts: Any) -> int:
        return int(self.do(service.assign, self.people[account], post_id, **facts))


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


@pytest.fixture(scope="session", params=ENGINES)
def bureau(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The demo bureau, to be read only."""
    server = request.getfixturevalue("sqlite_files" if request.param == "sqlite" else "postgres_server")
    store = Store(server.migrated())
    store.write(seed_bureau, now=NOW)
    yield store
    store.close()
