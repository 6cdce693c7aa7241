"""A running office on a real port, a registered system, and a receiver of callbacks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from approval_core.clients import service as clients
from approval_core.clock import utc_now
from approval_core.store import Store
from gateway.serve import Site
from gateway.settings import Settings, load
from tests.gateway.receiver import Receiver
from tests.gateway.story import System, some_people


@contextmanager
def running(settings: Settings) -> Iterator[Site]:
    """The whole process's parts, in this one, stopped in order."""
    site = Site(settings)
    thread = threading.Thread(target=site.run, name="site")
    thread.start()
    try:
        until(lambda: site.server.started, "the server did not start")
        yield site
    finally:
        site.stop()
        thread.join(30)
        assert not thread.is_alive()


def until(condition: Callable[[], Any], otherwise: str, seconds: float = 20.0) -> Any:
    """The condition's first true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(otherwise)


@pytest.fixture
def settings(database_url: str, tmp_path: Any) -> Settings:
    return load(
        database=database_url,
        port=0,
        secret_file=str(tmp_path / "pishi.secret"),
        callbacks={"allow_loopback": True, "timeout_seconds": 2.0},
    )


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    with running(settings) as started:
        started.store.write(some_people, now=utc_now())
        yield started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture
def system(site: Site, receiver: Receiver) -> Iterator[System]:
    """Another system with the scope `approvals`, called back at the receiver."""
    with register(site, "erp", receiver.address) as registered:
        yield registered


@contextmanager
def register(
    site: Site, name: str, *prefixes: str, scopes: tuple[str, ...] = ("approvals",)
) -> Iterator[System]:
    key = add_client(site.store, name, *prefixes, scopes=scopes)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=site.address, headers=headers, timeout=20, trust_env=False) as http:
        yield System(name, key, http, site)


def add_client(store: Store, name: str, *prefixes: str, scopes: tuple[str, ...] = ("approvals",)) -> str:
    return store.write(clients.add, name, scopes=scopes, callback_prefixes=prefixes, now=utc_now())
