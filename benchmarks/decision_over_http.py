"""Over HTTP at 32 connections, server and client on the same cores: decide, and submit, against FastAPI without a database.

The floor is a FastAPI `async def` in the same server that reads the same body and answers in the same shape. The
decision's route is of this benchmark (see `http_site`); `POST /systems/v1/approvals` is the product's own, with its
key and an Idempotency-Key. On SQLite, and on PostgreSQL with fsync. "worker beside it": as `pishi serve` runs.
`python -m benchmarks.decision_over_http [DECISIONS A ROUND] [ROUNDS]`
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path

from approval_core.clients import service as clients
from approval_core.clock import utc_now
from approval_core.store import Store
from benchmarks import open_matters
from benchmarks.http_client import Run, post_all, request
from benchmarks.http_site import DECIDE, FLOOR, SUBMIT
from benchmarks.measuring import ROUNDS, interleaved, machine, percentile, show, show_ratio
from benchmarks.open_matters import Open
from benchmarks.postgres import durable_server
from migrations import upgrade

TARGETS = {"SQLite": (0.30, 100), "PostgreSQL": (0.14, 120)}
WARM_UP = 200


def decision(one: Open, path: str = DECIDE) -> bytes:
    body = {
        "task_id": one.task_id, "task_revision": 1, "person_id": one.person_id, "account": one.account,
        "verdict": "approve",
    }  # fmt: skip
    return request(path, json.dumps(body).encode())


def submissions(key: str) -> Iterator[bytes]:
    for number in count(1):
        body = {
            "ref": f"N-{number}", "type": "GENERIC", "title": "申请年休假3天", "summary": "王伟申请年休假3天(5月6日起)",
            "applicant": "王伟", "steps": [{"approvers": [open_matters.account(number)], "mode": "any"}],
            "hold": 600, "form": {"days": 3},
        }  # fmt: skip
        content = json.dumps(body, ensure_ascii=False).encode()
        yield request(SUBMIT, content, Authorization=f"Bearer {key}", Idempotency_Key=f"submit N-{number}")


@contextmanager
def serving(url: str, folder: Path, company: str) -> Iterator[int]:
    """The server's port."""
    start = "from benchmarks.http_site import main; main()"
    arguments = [sys.executable, "-c", start, url, str(folder / "secret"), company]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()
            server.wait(30)


class Site:
    """What is asked of one server; every answer must be what it should be."""

    def __init__(self, port: int, tasks: list[Open], each: int, key: str) -> None:
        self._port, self._each = port, each
        self._first = tasks[0]
        self._tasks = iter(tasks)
        self._submissions = submissions(key)
        self.times: list[float] = []

    def floor(self) -> float:
        return self._post([decision(self._first, FLOOR)] * self._each * 2, b"200").rate

    def decide(self, number: int | None = None) -> float:
        asked = [decision(one) for one in islice(self._tasks, number or self._each)]
        run = self._post(asked, b"200")
        self.times += run.times
        return run.rate

    def submit(self, number: int | None = None) -> float:
        run = self._post(list(islice(self._submissions, number or self._each)), b"201")
        self.times += run.times
        return run.rate

    def _post(self, requests: list[bytes], status: bytes) -> Run:
        run = post_all(self._port, requests)
        assert run.statuses == {status: len(requests)}, run.statuses
        return run


def measure(engine: str, url: str, folder: Path, each: int, rounds: int, company: str) -> None:
    upgrade(url)
    tasks = open_matters.fill(url, each * rounds + WARM_UP, hold=600)
    with closing(Store(url)) as store:
        key = store.write(clients.add, "ctais", scopes=["approvals"], now=utc_now())
    least, slowest = TARGETS[engine]
    said = f"{engine}, worker beside it" if company == "worker" else engine
    with serving(url, folder, company) as port:
        site = Site(port, tasks, each, key)
        site.decide(WARM_UP)
        site.times.clear()
        taken = interleaved(site.floor, site.decide, rounds)
        p99 = percentile(site.times, 0.99) * 1000
        show_ratio(
            f"decision over HTTP / FastAPI without a database, {said}",
            taken,
            target=least,
            p99_ms=p99,
            target_p99_ms=f"<= {slowest}",
        )
        if company == "worker":
            return
        site.submit(WARM_UP)
        site.times.clear()
        taken = interleaved(site.floor, site.submit, rounds)
        p99 = percentile(site.times, 0.99) * 1000
        show_ratio(f"submission over HTTP / FastAPI without a database, {said}", taken, p99_ms=p99)


def main() -> None:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 800
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as folder:
        for company in ("alone", "worker"):
            path = Path(folder) / f"{company}.db"
            measure("SQLite", f"sqlite:///{path}", Path(folder), each, rounds, company)
        with durable_server() as server:
            measure("PostgreSQL", server.empty(), Path(folder), each, rounds, "alone")


if __name__ == "__main__":
    main()
