"""One request in one office, and everything that may happen to it. Each act is told in a line; a refusal is an act as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from approval_core import audit, outbox, timers
from approval_core.approvals import adding, deadlines, handing, proxying, service
from approval_core.approvals.filing import Filing, file
from approval_core.approvals.proof import record_problems
from approval_core.approvals.rules import blocks
from approval_core.approvals.service import Content
from approval_core.definitions import queries
from approval_core.definitions import service as definitions
from approval_core.errors import OfficeError
from approval_core.notices.ladder import on_rung
from approval_core.outbox import Reactions
from approval_core.people import service as people
from approval_core.people.actor import SYSTEM, Actor, Evidence
from approval_core.store import Store
from approval_core.timers import TimerHandler
from tests.approval_core.approvals.machine.judging import judge
from tests.approval_core.approvals.machine.offices import Office
from tests.approval_core.approvals.machine.picture import LIVE, Picture, take
from tests.factories import BY_APP, NOW

HANDLERS: dict[str, TimerHandler] = {
    "hold_end": service.on_hold_end,
    "expiry": service.on_expiry,
    "deadline": service.on_deadline,
    "standing": proxying.on_standing,
    "ladder": on_rung(deadlines.held_of),
}
REACTIONS: Reactions = {"task.overdue_rung": {"deadline": deadlines.on_overdue_rung}}
#: No request needs more decisions than this to come to its end, however often it is sent back meanwhile.
PATIENCE = 400


@dataclass
class Story:
    store: Store
    office: Office
    now: datetime = NOW
    request_id: int = 0
    applicant: Actor = SYSTEM
    before: list[int] = field(default_factory=list)  #: requests that came to their end earlier in the story
    told: list[str] = field(default_factory=list)
    left: set[int] = field(default_factory=set)

    # -- how it begins

    def begin(self, text: str, applicant: Actor, form: dict[str, Any], chosen: Sequence[str]) -> bool:
        """False: the type is not for him, or he chose badly."""
        self.told.append(text)
        self.applicant = applicant
        published = self.store.write(definitions.publish, text, actor=SYSTEM, now=self.now)
        choosers = [step for step in _steps(self.store, published.version_id) if _chooses(step)]
        filing = Filing(
            type=published.type, form=form, chosen={step["step"]: list(chosen) for step in choosers}
        )  # fmt: skip
        said = self._try("filed", file, filing, actor=applicant)
        if said is None:
            return False
        self.request_id = said.request_id
        self.judge()
        return True

    def _try(self, name: str, work: Callable[..., Any], *args: Any, **facts: Any) -> Any:
        """What came of it; None when it was refused, and then nothing may have changed."""
        before = repr(self.picture()) if self.request_id else ""
        self.now += timedelta(seconds=1)  # no two acts at one moment
        try:
            said = self.store.write(work, *args, now=self.now, **facts)
        except OfficeError as refused:
            self.told.append(f"{name}: {type(refused).__name__} {refused.code}")
            assert not before or repr(self.picture()) == before, "refused, and something has changed"
            return None
        self.told.append(f"{name}: {said if said is not None else 'done'}")
        return said if said is not None else True

    def picture(self) -> Picture:
        return self.store.read(take, self.request_id)

    def judge(self) -> None:
        try:
            for one in [*self.before, self.request_id]:
                judge(self.store.read(take, one))
        except AssertionError as wrong:
            raise AssertionError("\n".join([str(wrong), *self.told])) from wrong

    # -- who and what to choose from

    def actor(self, person_id: int) -> Actor:
        return next(one for one in self.office.people if one.person_id == person_id)

    def named(self, account: str) -> Actor:
        return next(one for one in self.office.people if one.name == account)

    def tasks(self) -> list[Row[Any]]:
        return [one for one in self.picture().tasks if one.state == "open"]

    def asks(self) -> bool:
        return bool(self.tasks())

    def asked(self, choice: int) -> Row[Any]:
        found: Row[Any] = _pick(choice, self.tasks())
        return found

    def any_task(self, choice: int) -> Row[Any] | None:
        found: Row[Any] | None = _pick(choice, self.picture().tasks)
        return found

    def returnable(self, task: Row[Any]) -> list[str]:
        """The steps before it that are done, as an engine-free reader would list them: it may propose too many."""
        here = self.picture().step(task.step_id).block
        done = [one.block for one in self.picture().now() if one.state == "approved" and one.block != here]
        return list(dict.fromkeys(done))

    # -- decisions

    def decide(
        self, task: Row[Any], verdict: str, *, by: Actor | None = None, target: str | None = None,
        resume: str | None = None, revision: int | None = None, name: str = "",
    ) -> Any:  # fmt: skip
        actor = by or self.actor(task.person_id)
        return self._try(
            name or f"{actor.name} says {verdict} on task {task.id} {target or ''} {resume or ''}".strip(),
            service.decide, task.id, actor=actor, evidence=BY_APP, verdict=verdict, comment="已阅",
            task_revision=revision or task.revision, target=target, resume=resume,
        )  # fmt: skip

    def block_ids(self) -> list[str]:
        return [blocks.id_of(block) for _, block in blocks.walk(self.picture().route) if "step" in block]

    def undo(self, choice: int) -> None:
        held = [one for one in self.picture().decisions if one.state in LIVE]
        decision = _pick(choice, sorted(held, key=lambda one: one.state != "held"))
        if decision is not None:
            actor = self.actor(decision.person_id)
            self._try(
                f"{actor.name} takes back {decision.id}", service.undo, decision.id, actor=actor,
                evidence=Evidence("app", 2, "app:2"),
            )  # fmt: skip

    def take_back(self, choice: int) -> None:
        decision = _pick(choice, [one for one in reversed(self.picture().decisions) if one.state in LIVE][:3])
        if decision is not None:
            actor = self.actor(decision.person_id)
            self._try(
                f"{actor.name} wants {decision.id} back", service.take_back, decision.id, actor=actor,
                evidence=Evidence("app", 2, "app:3"),
            )  # fmt: skip

    def look(self, task: Row[Any]) -> None:
        actor = self.actor(task.person_id)
        self._try(f"{actor.name} reads it", service.mark_read, self.request_id, actor=actor, channel="app")

    def wait(self, seconds: int) -> None:
        """Time goes by, and the timers ring."""
        self.now += timedelta(seconds=seconds)
        rung = 0
        while self.store.write(timers.fire_one, HANDLERS, now=self.now):
            rung += 1
            assert rung < 1000, "a timer rings for ever"
            self._react()
        self.told.append(f"{seconds} s later ({rung} timers)")

    def _react(self) -> None:
        while self.store.write(outbox.route, REACTIONS, now=self.now):
            pass
        while self.store.write(outbox.deliver_one, REACTIONS, now=self.now):
            pass

    # -- hands

    def transfer(self, task: Row[Any], to: Actor) -> None:
        self._try(
            f"task {task.id} to {to.name}", handing.transfer, task.id, to.person_id,
            actor=self.actor(task.person_id), task_revision=task.revision,
        )  # fmt: skip

    def add(self, task: Row[Any], others: Sequence[Actor], placed: str, method: str) -> None:
        self._try(
            f"{[one.name for one in others]} {placed} task {task.id} ({method})", adding.add, task.id,
            [one.person_id for one in others], actor=self.actor(task.person_id), task_revision=task.revision,
            placed=placed, method=method,
        )  # fmt: skip

    def remove(self, choice: int) -> None:
        added = [one for one in self.picture().tasks if "by" in (_why(one) or {})]
        task = _pick(choice, sorted(added, key=lambda one: one.state not in ("open", "waiting")))
        if task is not None:
            by = self.named((_why(task) or {})["by"])
            self._try(f"{by.name} takes out task {task.id}", adding.remove, task.id, actor=by)

    def claim(self, task: Row[Any]) -> None:
        self._try(
            f"claims {task.id}",
            handing.claim,
            task.id,
            actor=self.actor(task.person_id),
            task_revision=task.revision,
        )

    def release(self, task: Row[Any]) -> None:
        self._try(
            f"releases {task.id}", handing.release, task.id, actor=self.actor(task.person_id), task_revision=task.revision
        )  # fmt: skip

    # -- the request itself

    def withdraw(self) -> None:
        self._try(
            "withdrawn", service.withdraw_by_person, self.request_id, actor=self.applicant, reason="不需要了"
        )

    def revoke(self) -> None:
        """What was approved is to be revoked: that is a request of its own, and the story goes on with it."""
        said = self._try("revoked", service.revoke, self.request_id, actor=self.applicant, reason="行程取消")
        if said is not None:
            self.before.append(self.request_id)
            self.request_id = said.request_id

    def revise(self, days: int, whom: str) -> None:
        content = Content(f"请假{days}天", "", {"days": days, "cost": "0.00", "whom": whom})
        self._try(
            f"comes back: {days} days", service.revise, self.request_id, content=content, actor=self.applicant
        )

    def expire(self) -> None:
        self._try("expires", service.expire, self.request_id)

    # -- the officer who runs the flows

    def officer(self, name: str, work: Callable[..., Any], *args: Any, **facts: Any) -> Any:
        return self._try(
            f"officer: {name}", work, *args, actor=self.office.operator, reason="按规定处理", **facts
        )

    def override(self, task: Row[Any], verdict: str) -> None:
        self.officer(
            f"{verdict} on {task.id}", service.override, task.id, evidence=BY_APP, verdict=verdict,
            task_revision=task.revision,
        )  # fmt: skip

    def look_again(self) -> None:
        for step in self.picture().now():
            if step.state == "blocked":
                self.officer(f"asks {step.block} again", service.ask_again, self.request_id, step.block)

    # -- the office around it

    def leave(self, who: Actor) -> None:
        if (
            self._try(f"{who.name} leaves the office", people.leave, who.person_id, actor=SYSTEM)
            and who.person_id
        ):
            self.left.add(who.person_id)
            self.wait(0)

    def new_head(self, unit: str, who: Actor) -> None:
        self._try(
            f"{who.name} leads {unit}", people.assign, who.person_id, self.office.heads[unit], kind="concurrent",
            actor=SYSTEM,
        )  # fmt: skip

    def absent(self, who: Actor) -> None:
        self._try(
            f"{who.name} is away", people.mark_absent, who.person_id, kind="sick", valid_from=self.now,
            valid_to=self.now + timedelta(days=3), actor=SYSTEM,
        )  # fmt: skip

    def delegate(self, giver: Actor, taker: Actor) -> None:
        self._try(
            f"{giver.name} lets {taker.name} decide", people.delegate, giver.person_id, taker.person_id,
            valid_from=self.now, valid_to=self.now + timedelta(days=3), actor=SYSTEM,
        )  # fmt: skip

    # -- how it ends

    def end(self) -> None:
        """Whoever is asked says yes from here on: it comes to an end, or stands where an alarm says so. The record holds."""
        if self.request_id:
            for _ in range(PATIENCE):
                self.wait(3600)
                self.judge()
                if not self._everybody_says_yes():
                    break
            else:
                raise AssertionError("it never ends")
            self.stands_rightly()
        report = self.store.read(lambda tx: audit.verify(tx, facts=record_problems))
        assert report.problems == []

    def _everybody_says_yes(self) -> bool:
        here = [one for one in self.tasks() if one.person_id not in self.left]
        return any(self.decide(one, "approve") is not None for one in here)

    def stands_rightly(self) -> None:
        picture = self.picture()
        assert not [one for one in picture.decisions if one.state == "held"], "a hold that never ends"


def _steps(store: Store, version_id: int) -> list[dict[str, Any]]:
    route = store.read(queries.version, version_id).route
    return [dict(block) for _, block in blocks.walk(route) if "step" in block]


def _chooses(step: dict[str, Any]) -> bool:
    return any(rule["rule"] == "SELECT_BY_APPLICANT" for rule in step["approvers"])


def _why(task: Row[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(task.why) if isinstance(task.why, str) else task.why
    return found


def _pick(choice: int, several: Sequence[Any]) -> Any:
    return several[choice % len(several)] if several else None
