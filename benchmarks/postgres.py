"""A real PostgreSQL for the figures: as the tests start it, but every commit waits for its disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.databases import PostgresServer


@contextmanager
def durable_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.administer(f"ALTER SYSTEM RESET {setting}")
        server.administer("SELECT pg_reload_conf()")
        yield server
    finally:
        server.stop()
