"""Other processes on a store's database, started and ended by a test."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any

DEADLINE_S = 60


class Children:
    """Several child processes; `start` lets them all go at once, `answers` waits for what they tell."""

    def __init__(self, url: str, *orders: tuple[str, ...]) -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.approval_core.store_child", url, *order],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for order in orders
        ]
        for process in self._processes:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == {"ready": True}

    def start(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def answers(self) -> list[dict[str, Any]]:
        told = []
        for process in self._processes:
            out, _ = process.communicate(timeout=DEADLINE_S)
            assert process.returncode == 0
            told.append(json.loads(out.splitlines()[-1]))
        return told

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
