"""A demonstration with one leader, driven by its forms as a browser without a script would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.serve import Site
from gateway.settings import load
from tests.factories import insert_person
from tests.gateway.conftest import running

LEADER, NUMBER = "hy00009", "+8612900000009"


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for the tests of a file; they leave nothing that disturbs the next."""
    database = f"sqlite:///{tmp_path_factory.mktemp('demo')}/pishi.db"
    with running(load(database=database, port=0, demo=True, modem=["virtual"])) as site:
        site.store.write(insert_person, LEADER, name="曹福军", number=NUMBER)
        yield site
