"""`/metrics` in Prometheus' text form: what waits, how old it is, how the modems are, how long an answer takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from approval_core import outbox, timers
from approval_core.approvals.models import Decision
from approval_core.columns import table_of
from approval_core.notices.alarms import open_counts
from approval_core.outbound import Outbound
from approval_core.store import Store, Tx
from sms_modem.models import InboundOutcome, InboundSms
from sms_modem.transports.base import ModemState

decisions, outcomes, inbound = table_of(Decision), table_of(InboundOutcome), table_of(InboundSms)

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
MOST_AT_ONCE = 5000


@dataclass
class Depths:
    """What a scrape reads from the store."""

    outbox: outbox.Backlog
    timers: timers.Backlog
    rows: dict[tuple[str, str], int] = field(default_factory=dict)  #: (queue, state) → rows
    oldest: dict[str, float] = field(default_factory=dict)  #: queue → seconds that the first due row waits
    leases: dict[str, float] = field(
        default_factory=dict
    )  #: queue → seconds that the oldest lease is over its end
    latencies: list[float] = field(default_factory=list)
    last_outcome: int = 0
    alarms: dict[str, int] = field(default_factory=dict)  #: kind → how many are open


def depths(tx: Tx, queues: Mapping[str, type[Outbound]], last_outcome: int, now: datetime) -> Depths:
    found = Depths(outbox.backlog(tx), timers.backlog(tx), last_outcome=last_outcome)
    for name, model in queues.items():
        table = table_of(model)
        counted = select(table.c.state.label("state"), func.count().label("number")).where(
            table.c.state.not_in(["sent", "delivered"])
        )
        found.rows |= {(name, "queued"): 0, (name, "leased"): 0}
        for row in tx.execute(counted.group_by(table.c.state)):
            found.rows[name, str(row.state)] = int(row.number)
        due = tx.execute(select(func.min(table.c.due_at)).where(table.c.state == "queued")).scalar()
        end = tx.execute(select(func.min(table.c.lease_until)).where(table.c.state == "leased")).scalar()
        found.oldest[name] = _seconds_since(due, now)
        found.leases[name] = _seconds_since(end, now)
    _latencies(tx, found)
    found.alarms = open_counts(tx)
    return found


def last_outcome(tx: Tx) -> int:
    return int(tx.execute(select(func.max(outcomes.c.id))).scalar() or 0)


def _latencies(tx: Tx, found: Depths) -> None:
    """From an SMS's arrival to the commit of what it decided, for the outcomes since the last scrape."""
    query = (
        select(outcomes.c.id, outcomes.c.decision_id, inbound.c.received_at, outcomes.c.at)
        .join_from(outcomes, inbound, inbound.c.id == outcomes.c.inbound_id)
        .where(outcomes.c.id > found.last_outcome)
        .order_by(outcomes.c.id)
        .limit(MOST_AT_ONCE)
    )
    for row in tx.execute(query):
        found.last_outcome = row.id
        if row.decision_id is not None:
            found.latencies.append(max(0.0, (row.at - row.received_at).total_seconds()))


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


class _Snapshot(Collector):
    def __init__(self) -> None:
        self.families: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        return self.families


class Meter:
    """One for each process. Counts of answers begin with the process; depths are read at each scrape."""

    def __init__(self, queues: Mapping[str, type[Outbound]]) -> None:
        self._queues = queues
        self._registry = CollectorRegistry()
        self._snapshot = _Snapshot()
        self._registry.register(self._snapshot)
        self._latency = Histogram(
            "pishi_decision_latency_seconds",
            "From the arrival of a reply to the commit of its decision",
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._last_outcome = 0

    def begin(self, store: Store) -> None:
        """Count what is answered from now on."""
        self._last_outcome = store.read(last_outcome)

    async def text(
        self, store: Store, modems: Iterable[ModemState], parts: Mapping[str, bool], now: datetime
    ) -> bytes:
        found = await store.aread(depths, self._queues, self._last_outcome, now)
        if found.last_outcome > self._last_outcome:
            self._last_outcome = found.last_outcome
            for seconds in found.latencies:
                self._latency.observe(seconds)
        self._snapshot.families = [
            *_queues(found),
            _alarms(found),
            *_store(store.metrics),
            *_modems(modems),
            _parts(parts),
        ]
        return generate_latest(self._registry)


def _gauge(name: str, said: str, labels: list[str], values: Iterable[tuple[list[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=labels)
    for names, value in values:
        family.add_metric(names, value)
    return family


def _queues(found: Depths) -> list[Metric]:
    inside = {("outbox", "unrouted"): found.outbox.unrouted, ("outbox", "due"): found.outbox.due}
    inside |= {
        ("outbox", "dead"): found.outbox.dead,
        ("timers", "due"): found.timers.due,
        ("timers", "dead"): found.timers.dead,
    }
    rows = [([queue, state], float(number)) for (queue, state), number in {**inside, **found.rows}.items()]
    return [
        _gauge("pishi_queue_rows", "Rows that wait or need an operator", ["queue", "state"], rows),
        _gauge(
            "pishi_queue_oldest_seconds", "How long the first due row waits", ["queue"],
            [([queue], seconds) for queue, seconds in found.oldest.items()],
        ),
        _gauge(
            "pishi_lease_overdue_seconds", "How long the oldest lease is over its end", ["queue"],
            [([queue], seconds) for queue, seconds in found.leases.items()],
        ),
    ]  # fmt: skip


def _alarms(found: Depths) -> Metric:
    rows = [([kind], float(number)) for kind, number in found.alarms.items()]
    return _gauge("pishi_alarms_open", "Alarms whose cause is not gone", ["kind"], rows)


def _store(counts: Any) -> list[Metric]:
    families: list[Metric] = []
    for name in ("batches", "works", "failed_works", "repeated_works"):
        family = CounterMetricFamily(
            f"pishi_store_{name}", f"{name.replace('_', ' ')} since the start".capitalize()
        )
        family.add_metric([], float(getattr(counts, name)))
        families.append(family)
    waiting = [(["write"], float(counts.queue_depth)), (["read"], float(counts.read_queue_depth))]
    families.append(_gauge("pishi_store_waiting", "Works that wait for the store", ["lane"], waiting))
    families.append(
        _gauge(
            "pishi_store_longest_batch",
            "Works in the longest commit",
            [],
            [([], float(counts.longest_batch))],
        )
    )
    return families


def _modems(modems: Iterable[ModemState]) -> list[Metric]:
    states = list(modems)
    return [
        _gauge("pishi_modem_connected", "1 while the modem answers", ["modem"], [([m.name], float(m.connected)) for m in states]),
        _gauge("pishi_modem_registered", "1 in the network, 0 not, -1 unknown", ["modem"], [([m.name], -1.0 if m.registered is None else float(m.registered)) for m in states]),
        _gauge("pishi_modem_signal", "CSQ 0–31, -1 unknown", ["modem"], [([m.name], -1.0 if m.signal is None else float(m.signal)) for m in states]),
        _gauge("pishi_modem_sim_used", "Messages in the SIM's memory", ["modem"], [([m.name], float(m.sim_used)) for m in states]),
        _gauge("pishi_modem_sim_total", "Room in the SIM's memory", ["modem"], [([m.name], float(m.sim_total)) for m in states]),
        _gauge("pishi_modem_failures", "Failures since the start", ["modem"], [([m.name], float(m.failures)) for m in states]),
    ]  # fmt: skip


def _parts(parts: Mapping[str, bool]) -> Metric:
    return _gauge(
        "pishi_part_alive",
        "1 while that part of the process works",
        ["part"],
        [([name], float(alive)) for name, alive in parts.items()],
    )
