"""How the office stands: numbers for `pishi status`, findings for `pishi check`. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, select, text

from approval_core import outbox, timers
from approval_core.approvals.models import Request
from approval_core.clients.models import clients
from approval_core.columns import table_of
from approval_core.people.models import persons, phones
from approval_core.store import Store, Tx
from gateway import wiring
from gateway.databases import newest, require_office, revision
from gateway.settings import Settings, SettingsError, secret_of, sqlite_file

requests = table_of(Request)


def state_of(tx: Tx, now: datetime) -> dict[str, Any]:
    """Counts by state. `outbox.oldest`, `timers.oldest`: since or until when the first one waits."""
    inside, moments = outbox.backlog(tx), timers.backlog(tx)
    return {
        "at": now,
        "approvals": _by_state(tx, requests),
        "people": _count(tx, persons),
        "phones": _by_state(tx, phones),
        "clients": _count(tx, clients),
        "outbox": vars(inside),
        "timers": vars(moments),
        "queues": {name: _by_state(tx, table_of(model)) for name, model in wiring.QUEUES.items()},
    }


def findings(settings: Settings, now: datetime) -> list[dict[str, str]]:
    """{level: ok | warn | error, what, said}, the whole list even when all is well."""
    found = [_secret(settings)]
    try:
        require_office(settings.database)
        have, wanted = revision(settings.database), newest(settings.database)
    except SettingsError as error:
        return [*found, _say("error", "database", error.message)]
    if have != wanted:
        return [
            *found,
            _say("error", "database", f"schema {have or 'missing'}, needs {wanted}: run pishi migrate"),
        ]
    found.append(_say("ok", "database", f"schema {have}"))
    store = Store(settings.database)
    try:
        found += store.read(_store_findings, settings, now)
    finally:
        store.close()
    return found


def _secret(settings: Settings) -> dict[str, str]:
    try:
        return _say("ok", "secret", secret_of(settings)[1])
    except SettingsError as error:
        return _say("error", "secret", error.message)


def _store_findings(tx: Tx, settings: Settings, now: datetime) -> list[dict[str, str]]:
    state = state_of(tx, now)
    found = []
    if sqlite_file(settings.database) is not None:
        said = str(tx.execute(text("PRAGMA quick_check(1)")).scalar())
        found.append(_say("ok" if said == "ok" else "error", "file", said))
    found.append(_say("ok" if state["people"] else "warn", "people", f"{state['people']} people"))
    found.append(_say("ok" if state["clients"] else "warn", "clients", f"{state['clients']} systems"))
    dead = state["outbox"]["dead"] + state["timers"]["dead"]
    found.append(_say("error" if dead else "ok", "reactions", f"{dead} gave up"))
    for name, states in state["queues"].items():
        lost = {word: states[word] for word in ("dead", "failed", "unknown") if states.get(word)}
        told = ", ".join(f"{number} {word}" for word, number in lost.items())
        found.append(
            _say(
                "warn" if lost else "ok",
                name,
                f"{told}: see `pishi {name} list --dead`" if lost else "none lost",
            )
        )
    if not settings.modem:
        found.append(_say("warn", "modem", "none in the settings: no SMS without serve --modem"))
    return found


def _say(level: str, what: str, said: str) -> dict[str, str]:
    return {"level": level, "what": what, "said": said}


def _by_state(tx: Tx, table: Table) -> dict[str, int]:
    counted = select(table.c.state.label("state"), func.count().label("number")).group_by(table.c.state)
    return {str(row.state): int(row.number) for row in tx.execute(counted)}


def _count(tx: Tx, table: Table) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())
