"""The real command in a process of its own: it starts on what it is given, and ends cleanly when told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from approval_core.store import Store
from tests.factories import ask, hire, step
from tests.gateway.conftest import add_client, until
from tests.gateway.story import request

PISHI = [sys.executable, "-m", "gateway.cli"]


def clean_environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PISHI_")}
    return kept | {"PISHI_SECRET_FILE": str(folder / "pishi.secret"), "PYTHONUNBUFFERED": "1"}


@contextmanager
def started(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    errors = folder / "stderr"
    with errors.open("w") as said:
        process = subprocess.Popen([*PISHI, *words], env=clean_environment(folder), stderr=said, text=True)
    try:
        yield process, errors
    finally:
        process.kill()
        process.wait()


def address_in(errors: Path) -> str:
    def found() -> str | None:
        lines = [line for line in errors.read_text().splitlines() if line.startswith("Pishi listens on ")]
        return lines[0].split()[3] if lines else None

    address: str = until(found, "it never listened: " + errors.read_text())
    return address


def ready(address: str) -> httpx.Response | None:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False)
    except httpx.TransportError:
        return None


def test_serve_migrates_an_empty_database_serves_and_ends_cleanly(
    empty_database_url: str, tmp_path: Path
) -> None:
    words = ("serve", "--demo", "--database", empty_database_url, "--port", "0", "--modem", "virtual")
    with started(tmp_path, *words) as (process, errors):
        address = address_in(errors)
        until(
            lambda: (answer := ready(address)) is not None and answer.status_code == 200, "it never was ready"
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    log = [json.loads(line) for line in errors.read_text().splitlines() if line.startswith("{")]
    said = [line["said"] for line in log]
    assert any(line.startswith("database: migrated from nothing") for line in said)
    assert said[-4:] == ["web: stopped", "sms: stopped", "callbacks: stopped", "worker: stopped"]


def test_a_worker_alone_ends_a_hold(database_url: str, tmp_path: Path) -> None:
    from approval_core.approvals.service import decide
    from approval_core.clock import utc_now
    from gateway.intake.queries import approval_by_id
    from tests.factories import BY_APP
    from tests.gateway.story import tasks

    store = Store(database_url)
    try:
        actor = hire(store, "hy1")
        asked = ask(store, step("hy1"), hold_seconds=1, sms=False)
        task_id = store.read(lambda tx: tx.execute(tasks.select()).first().id)  # type: ignore[union-attr]  # it was just made
        store.write(
            decide, task_id, actor=actor, evidence=BY_APP, verdict="approve", task_revision=1, now=utc_now()
        )
        with started(tmp_path, "work", "--database", database_url) as (process, errors):
            until(
                lambda: store.read(approval_by_id, asked.request_id).state == "approved",
                "the worker did not end the hold: " + errors.read_text(),
            )
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    finally:
        store.close()


def test_a_request_answered_before_a_kill_is_there_after_it(database_url: str, tmp_path: Path) -> None:
    store = Store(database_url)
    try:
        hire(store, "hy00001")
        key = add_client(store, "erp")
    finally:
        store.close()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "k-1"}
    answers = []
    for _ in range(2):
        with started(tmp_path, "serve", "--database", database_url, "--port", "0") as (process, errors):
            address = address_in(errors)
            answers.append(
                httpx.post(
                    f"{address}/systems/v1/approvals",
                    json=request(),
                    headers=headers,
                    trust_env=False,
                    timeout=20,
                )
            )
            process.send_signal(signal.SIGKILL)
            process.wait(30)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].text == answers[1].text


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--port", "1"), "PISHI_PORT"),
        (("--database", "sqlite:////proc/nowhere/x.db"), "PISHI_DATABASE"),
        (("--demo", "--database", "sqlite:////proc/nowhere/x.db"), "PISHI_DATABASE"),
        (("--config", "/nowhere.toml"), "PISHI_CONFIG"),
    ],
)
def test_what_it_cannot_start_on_is_one_sentence(
    words: tuple[str, ...], named: str, tmp_path: Path, sqlite_url: str
) -> None:
    if named == "PISHI_PORT":
        if os.geteuid() == 0:
            words = ("--host", "192.0.2.1")
        words = (*words, "--database", sqlite_url)
    done = subprocess.run(
        [*PISHI, "serve", *words], env=clean_environment(tmp_path), capture_output=True, text=True
    )
    last = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert done.returncode == 2
    assert len(last) == 1, done.stderr
    assert last[0].startswith(f"pishi: {named}: ")


@pytest.mark.parametrize("command", ["serve", "work"])
@pytest.mark.parametrize("there", [False, True])
def test_a_mistyped_path_does_not_become_an_empty_office(command: str, there: bool, tmp_path: Path) -> None:
    wrong = tmp_path / "ofice" / "pishi.db"
    if there:
        wrong.parent.mkdir()
        wrong.touch()
    done = subprocess.run(
        [*PISHI, command, "--database", str(wrong)],
        env=clean_environment(tmp_path) | {"PISHI_SECRET_FILE": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert (done.returncode, len(said)) == (2, 1), done.stderr
    assert said[0].startswith(
        f"pishi: PISHI_DATABASE: there is no office in {wrong}; begin one with `pishi init`"
    )
    left = [str(one.relative_to(tmp_path)) for one in sorted(tmp_path.rglob("*"))]
    assert left == (["ofice", "ofice/pishi.db"] if there else [])
    assert not there or wrong.stat().st_size == 0


def test_looking_at_a_mistyped_path_makes_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "pishi.db"
    for command in ("status", "check"):
        words = [*PISHI, command, "--database", str(wrong)]
        done = subprocess.run(words, env=clean_environment(tmp_path), capture_output=True, text=True)
        assert done.returncode in (1, 2)
        assert "there is no office in" in done.stderr + done.stdout
    assert not wrong.exists()


def stdin_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def test_parsing_answers_each_line_at_once(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PISHI, "sms", "parse"],
        env=clean_environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for typed, verdict in (("Y 7382", "APPROVE"), ("N", "REJECT")):
            stdin_of(process).write(typed + "\n")
            stdin_of(process).flush()
            assert json.loads(process.stdout.readline())["verdict"] == verdict
        stdin_of(process).close()
        assert process.wait(30) == 0
