"""One running office for all stories on each engine; every story brings fresh leaders."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from gateway.trail import proof
from sms_modem.models import inbound_sms
from tests.conftest import ENGINES
from tests.databases import PostgresServer, SqliteFiles
from tests.flows.office import Office, at_work


@pytest.fixture(scope="session", params=ENGINES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """At the end of the day every SMS has its outcome and the whole proof verifies."""
    if request.param == "sqlite":
        files: SqliteFiles = request.getfixturevalue("sqlite_files")
        database = files.migrated()
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        database = server.migrated()
    with at_work(database, tmp_path_factory.mktemp("office")) as opened:
        yield opened
        opened.at_rest()
        assert opened.rows(select(inbound_sms.c.text).where(inbound_sms.c.state != "settled")) == []
        report = opened.store.read(proof, opened.settings)
        assert report.ok, report.problems
