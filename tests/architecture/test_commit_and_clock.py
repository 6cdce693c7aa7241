"""Only the store commits and only the clock reads the time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.architecture.tree import ROOT, Source, sources

THE_STORE = "approval_core/store.py"
THE_CLOCK = "approval_core/clock.py"
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
    "func": {"now", "current_timestamp", "localtimestamp"},  # the database's clock is a second one
}


def commits(source: Source) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Attribute) and node.attr == "commit" and str(source.path) != THE_STORE:
            yield f"{source.path}:{node.lineno}"


def clock_readings(source: Source) -> Iterator[str]:
    if str(source.path) == THE_CLOCK:
        return
    for node in ast.walk(ast.parse(source.text)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=attr):
                read = attr in CLOCKS.get(owner, set())
            case ast.ImportFrom(module="time", names=names):
                read = any(name.name in CLOCKS["time"] for name in names)
            case _:
                read = False
        if read:
            yield f"{source.path}:{getattr(node, 'lineno', 0)}"


def product_code() -> list[Source]:
    return [source for source in sources(ROOT) if source.product and source.python]


def test_only_the_store_commits() -> None:
    assert [place for source in product_code() for place in commits(source)] == []


def test_only_the_clock_reads_the_time() -> None:
    assert [place for source in product_code() for place in clock_readings(source)] == []


@pytest.mark.parametrize("text", ["tx.commit()", "connection.driver.commit()", "end = session.commit"])
def test_a_commit_outside_the_store_is_seen(text: str) -> None:
    assert list(commits(Source(PurePosixPath("sms_modem/service.py"), text))) == ["sms_modem/service.py:1"]
    assert list(commits(Source(PurePosixPath(THE_STORE), text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "Field(default_factory=datetime.now)",
        "time.time()",
        "from time import sleep, time_ns",
        "select(func.now())",
    ],
)
def test_a_second_reader_of_the_clock_is_seen(text: str) -> None:
    assert list(clock_readings(Source(PurePosixPath("web/page.py"), text))) == ["web/page.py:1"]
    assert list(clock_readings(Source(PurePosixPath(THE_CLOCK), text))) == []


@pytest.mark.parametrize(
    "text", ["time.monotonic()", "from time import monotonic", "utc_now()", "row.time.hour"]
)
def test_measuring_a_span_is_no_reading_of_the_clock(text: str) -> None:
    assert list(clock_readings(Source(PurePosixPath("web/page.py"), text))) == []
