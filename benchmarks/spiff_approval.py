"""The same two-step approval on SpiffWorkflow: a BPMN process of two user tasks, every step committed to SQLite.

One row a process holds its state as the library's own serializer writes it; WAL and synchronous=FULL as ours. It keeps
no people, no to-do list, no trail, no events and no timers. `resumed` reads the row and restores the process before each
decision, as a server must that is asked by somebody else an hour later; else it stays in memory between the steps.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer

T = TypeVar("T")

_BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="pishi">
  <process id="approval" isExecutable="true">
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="first"/>
    <userTask id="first" name="处长审批"/>
    <sequenceFlow id="f2" sourceRef="first" targetRef="second"/>
    <userTask id="second" name="局长审批"/>
    <sequenceFlow id="f3" sourceRef="second" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>
"""
_TABLE = "CREATE TABLE process (id INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL)"


class Spiff:
    """Begins and decides on one connection; the caller opens and ends the transaction with `commit`."""

    def __init__(self, path: Path) -> None:
        parser = BpmnParser()
        parser.add_bpmn_str(_BPMN.encode())
        self._spec = parser.get_spec("approval")
        self._serializer = BpmnWorkflowSerializer()
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._run = self._connection.execute
        self._run(_TABLE)

    def close(self) -> None:
        self._connection.close()

    def together(self, works: Sequence[Callable[[], T]], group: int) -> list[T]:
        """`group` of them in each commit."""
        results: list[T] = []
        for first in range(0, len(works), group):
            self._run("BEGIN IMMEDIATE")
            results += [work() for work in works[first : first + group]]
            self._run("COMMIT")
        return results

    def begin(self, form: dict[str, Any]) -> tuple[int, Any]:
        process = BpmnWorkflow(self._spec)
        process.data.update(form)
        process.do_engine_steps()
        text = self._serializer.serialize_json(process)
        number = self._run("INSERT INTO process (state, body) VALUES ('open', ?)", (text,)).lastrowid
        assert number is not None
        return number, process

    def decide(self, number: int, process: Any | None, decision: dict[str, Any]) -> None:
        """`process` None: restored from its row first."""
        if process is None:
            (text,) = self._run("SELECT body FROM process WHERE id = ?", (number,)).fetchone()
            process = self._serializer.deserialize_json(text)
        (task,) = process.get_tasks(state=TaskState.READY, manual=True)
        task.data.update(decision)
        task.run()
        process.do_engine_steps()
        state = "done" if process.is_completed() else "open"
        text = self._serializer.serialize_json(process)
        self._run("UPDATE process SET state = ?, body = ? WHERE id = ?", (state, text, number))

    def done(self) -> int:
        found: int = self._run("SELECT count(*) FROM process WHERE state = 'done'").fetchone()[0]
        return found


def form(number: int) -> dict[str, Any]:
    """What a request of ours carries."""
    shown = {
        "title": "申请年休假3天",
        "summary": "王伟申请年休假3天(5月6日起)",
        "applicant": "王伟",
        "days": 3,
    }
    return {"ref": f"R-{number}", "type": "GENERIC"} | shown


def approvals(spiff: Spiff, count: int, *, group: int, resumed: bool) -> None:
    """All are begun, then all decided once, then once more: as requests wait side by side in an office."""
    begun = spiff.together([partial(spiff.begin, form(number)) for number in range(count)], group)
    for place in (1, 2):
        said = {f"verdict_{place}": "approve", f"by_{place}": "hy00001", f"comment_{place}": ""}
        works = [
            partial(spiff.decide, number, None if resumed else process, said) for number, process in begun
        ]
        spiff.together(works, group)
    assert spiff.done() == count
