"""What another process on the same database does in the store's tests: `python -m tests.approval_core.store_child URL WHAT …`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from approval_core.errors import Conflict
from approval_core.store import Store, Tx
from tests.approval_core import ledger


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def count(store: Store, name: str, times: str) -> None:
    """Count up one row, each time in a transaction of its own; the longest wait is told."""
    longest = 0.0
    for _ in range(int(times)):
        began = time.monotonic()
        store.write(ledger.count_up, name)
        longest = max(longest, time.monotonic() - began)
    say(done=int(times), longest=longest, ended=time.monotonic())


def race(store: Store, who: str, rounds: str) -> None:
    """Try to decide every paper; what was won is told."""
    won = []
    for number in range(int(rounds)):
        try:
            store.write(ledger.decide, f"paper {number}", who)
        except Conflict:
            continue
        won.append(number)
    say(won=won)


def signal(store: Store, topic: str) -> None:
    def work(tx: Tx) -> None:
        ledger.add(tx, f"from a child: {topic}")
        tx.signal(topic)

    store.write(work)
    say(done=1)


def main() -> None:
    url, what, *rest = sys.argv[1:]
    store = Store(url)
    store.read(ledger.names)  # connected and compiled before the start is given
    say(ready=True)
    sys.stdin.readline()
    orders: dict[str, Callable[..., None]] = {"count": count, "race": race, "signal": signal}
    orders[what](store, *rest)
    store.close()


if __name__ == "__main__":
    main()
