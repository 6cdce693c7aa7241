"""Where a kill hit, and how to hit a place on purpose: the rows are watched, and the blow falls when they show it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from approval_core.approvals.models import Decision
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.outbox import backlog, next_due
from approval_core.store import Store, Tx
from gateway.intake.models import OutboundCallback
from sms_modem.models import inbound_sms, outbound_sms
from tests.proofs.killing.outside import AskingSystem, Leaders, Moods
from tests.proofs.killing.processes import GatewayProcess, ModemProcess

decisions, callbacks = table_of(Decision), table_of(OutboundCallback)

#: receive: on the modem and not on disk, or not yet deleted · decide: on disk without an outcome · send: handed to the
#: modem without a word of it · hold: over and not carried out · callback: on its way · react: news nobody has answered ·
#: submit: posted without an answer
PHASES = ("receive", "decide", "send", "hold", "callback")
OTHER_PHASES = ("react", "submit", "start")
PATIENCE_S = 3.0


def _recorded(tx: Tx) -> int:
    return int(tx.execute(select(func.coalesce(func.sum(inbound_sms.c.copies), 0))).scalar_one())


def _unanswered(tx: Tx) -> int:
    query = select(func.count()).select_from(inbound_sms).where(inbound_sms.c.state == "received")
    return int(tx.execute(query).scalar_one())


def _leased_sms(tx: Tx) -> int:
    query = select(func.count()).select_from(outbound_sms).where(outbound_sms.c.state == "leased")
    return int(tx.execute(query).scalar_one())


def on_their_way(tx: Tx) -> set[tuple[str, int, int]]:
    """(phase, row, attempt) of what is leased. The lease of a dead sender may still stand when the next is killed."""
    return {
        (phase, row.id, row.attempts)
        for phase, table in (("send", outbound_sms), ("callback", callbacks))
        for row in tx.execute(select(table.c.id, table.c.attempts).where(table.c.state == "leased"))
    }


def _next_hold_end(tx: Tx) -> datetime | None:
    """Of the holds that count from their receipt already."""
    soon = utc_now() + timedelta(seconds=60)
    query = select(func.min(decisions.c.held_until)).where(
        decisions.c.state == "held", decisions.c.held_until < soon
    )
    found: datetime | None = tx.execute(query).scalar_one()
    return found


def _overdue_holds(tx: Tx, now: datetime) -> int:
    query = (
        select(func.count())
        .select_from(decisions)
        .where(decisions.c.state == "held", decisions.c.held_until <= now)
    )
    return int(tx.execute(query).scalar_one())


def _unheard(tx: Tx, now: datetime) -> bool:
    due = next_due(tx)
    return backlog(tx).unrouted > 0 or (due is not None and due <= now)


class Blows:
    """Each method waits for its moment and returns; the caller kills. Whatever does not come is not waited for long."""

    def __init__(
        self,
        store: Store,
        modem: ModemProcess,
        leaders: Leaders,
        moods: Moods,
        system: AskingSystem,
        chance: random.Random,
    ) -> None:
        self._store, self._modem, self._leaders = store, modem, leaders
        self._moods, self._system, self._chance = moods, system, chance

    def wait_for(self, aim: str) -> None:
        waits: dict[str, Callable[[], None]] = {
            "receive": self._receive,
            "decide": self._decide,
            "send": self._send,
            "hold": self._hold,
            "callback": self._callback,
            "submit": self._submit,
            "random": lambda: self._sleep(0, 2.5),
        }
        waits[aim]()

    def _sleep(self, least: float, most: float) -> None:
        time.sleep(self._chance.uniform(least, most))

    def _until(self, condition: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.0005)
        return False

    def _burst(self) -> None:
        """All leaders who have something to answer do it at once."""
        self._leaders.holding_back = True
        try:
            self._until(lambda: self._leaders.waiting() >= self._chance.randint(2, 5))
            self._leaders.burst()
        finally:
            self._leaders.holding_back = False

    def _receive(self) -> None:
        self._burst()
        self._sleep(0, 0.03)

    def _decide(self) -> None:
        self._burst()
        self._until(lambda: self._store.read(_unanswered) > 0)
        self._sleep(0, 0.004)

    def _send(self) -> None:
        """Before it is on the air, while it is, or when the network has it and the modem has not said so."""
        if self._chance.random() < 0.4:
            self._leaders.shown.clear()
            self._modem.ask("fault", name="lost_acknowledgements", value=1)
            self._until(self._leaders.shown.is_set)
            self._sleep(0, 0.02)
            return
        if self._chance.random() < 0.5:
            self._modem.ask("fault", name="ack_seconds", value=0.1)
        self._until(lambda: self._store.read(_leased_sms) > 0)
        self._sleep(0, 0.04)

    def _hold(self) -> None:
        self._until(lambda: self._store.read(_next_hold_end) is not None)
        end = self._store.read(_next_hold_end)
        if end is not None:
            left = (end - utc_now()).total_seconds() + self._chance.uniform(-0.002, 0.006)
            time.sleep(max(0.0, min(left, PATIENCE_S)))

    def _callback(self) -> None:
        self._moods.slow = 0.05
        self._moods.seen.clear()
        self._until(self._moods.seen.is_set)
        self._sleep(0, 0.08)
        self._moods.slow = 0.0

    def _submit(self) -> None:
        self._system.at_once += 2
        self._system.posting.clear()
        self._until(self._system.posting.is_set)
        self._sleep(0, 0.03)
        self._system.at_once -= 2


def hit(store: Store, modem: ModemProcess, gateway: GatewayProcess, posts: int, listening: bool) -> set[str]:
    """What was under way when it died, read from what it left behind. Before it listens nothing of it is its own."""
    now = utc_now()
    assert not gateway.running
    if not listening:
        return {"start"}
    lying = sum(modem.ask("stored")["stored"].values())
    found = {
        "receive": lying > 0,
        "decide": store.read(_unanswered) > 0,
        "hold": store.read(_overdue_holds, now) > 0,
        "react": store.read(_unheard, now),
        "submit": posts > 0,
    }
    return {name for name, was in found.items() if was}


def at_rest(tx: Tx) -> list[str]:
    """What is still under way; nothing when everything that was begun has come to its end."""
    now = utc_now()
    waiting = {
        "news": _unheard(tx, now),
        "replies": _unanswered(tx),
        "SMS": tx.execute(
            select(func.count())
            .select_from(outbound_sms)
            .where(outbound_sms.c.state.in_(["queued", "leased", "unknown"]))
        ).scalar_one(),
        "callbacks": tx.execute(
            select(func.count()).select_from(callbacks).where(callbacks.c.state.in_(["queued", "leased"]))
        ).scalar_one(),
        "holds": tx.execute(
            select(func.count()).select_from(decisions).where(decisions.c.state == "held")
        ).scalar_one(),
    }
    return [f"{name}: {count}" for name, count in waiting.items() if count]
