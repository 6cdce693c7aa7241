"""A running office whose people have passwords, and browsers that sign in over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from approval_core.clock import utc_now
from gateway.serve import Site
from gateway.settings import Settings, load
from tests.gateway.conftest import running
from tests.gateway.story import some_people
from tests.mobile_api.browser import Browser, give_password

QUICK = {"memory_kib": 64, "passes": 1, "lanes": 1}


@pytest.fixture
def settings(database_url: str, tmp_path: Any) -> Settings:
    return load(database=database_url, port=0, secret_file=str(tmp_path / "pishi.secret"), accounts=QUICK)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with running(settings) as started:
        started.store.write(some_people, now=utc_now())
        yield started


@pytest.fixture
def at(site: Site) -> Iterator[Callable[..., Browser]]:
    """A browser in the office. With an account: signed in, the person made and given a password when need be."""
    with ExitStack() as closing:

        def opened(account: str | None = None, **facts: Any) -> Browser:
            browser = closing.enter_context(Browser(site))
            if account is not None:
                give_password(site.store, account, **facts)
                browser.signs_in(account)
            return browser

        yield opened
