"""All of it together: the office's people, the gateway's process, the modem's, and the world around them."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from approval_core.clients import service as clients
from approval_core.clock import utc_now
from approval_core.store import Store, Tx
from tests.factories import insert_person
from tests.proofs.killing.ledger import SOURCE, Ledger
from tests.proofs.killing.outside import AskingSystem, Leaders, Moods
from tests.proofs.killing.phases import Blows, at_rest, hit, on_their_way
from tests.proofs.killing.processes import PREFIX, GatewayProcess, ModemProcess

LEADERS = 6
PATIENCE_S = 150.0
#: how often each place is aimed at
AIMS = (
    "receive",
    "decide",
    "decide",
    "send",
    "send",
    "hold",
    "hold",
    "callback",
    "callback",
    "submit",
    "random",
    "random",
)
SETTINGS = {
    "PISHI_CALLBACKS__TIMEOUT_SECONDS": "1",
    "PISHI_SMS__STOPPED_PAUSE": "1",
    "PISHI_SMS__QUIET_FROM": "0",
    "PISHI_SMS__QUIET_TO": "0",
}


class World:
    """`strike` is one round: a start, some life, one kill. `quiet_end` lets everything come to its end."""

    def __init__(
        self,
        store: Store,
        gateway: GatewayProcess,
        modem: ModemProcess,
        moods: Moods,
        system: AskingSystem,
        leaders: Leaders,
        ledger: Ledger,
        seed: int,
    ) -> None:
        self.store, self.gateway, self.modem, self.ledger = store, gateway, modem, ledger
        self.moods, self.system, self.leaders = moods, system, leaders
        self.chance = random.Random(seed)
        self.hits: Counter[str] = Counter()
        self._blows = Blows(store, modem, leaders, moods, system, self.chance)
        self._aims: list[str] = []
        self._left_on_the_way: set[tuple[str, int, int]] = set()

    def strike(self) -> None:
        if not self._aims:
            self._aims = self.chance.sample(AIMS, len(AIMS))
        aim = self._aims.pop()
        self.modem.ask("clear_faults")
        reports = self.chance.choices(["delivered", "none"], [8, 2])[0]
        self.modem.ask("radio", name="reports", value=reports)
        self.gateway.start()
        if aim != "random":
            assert self.gateway.ready.wait(60), self.gateway.complaints[-3:]
        self._blows.wait_for(aim)
        assert self.gateway.running, self.gateway.complaints[-3:]
        posts, listening = self.system.under_way, self.gateway.ready.is_set()
        self.gateway.kill()
        self.ledger.kills += 1
        self.hits.update(hit(self.store, self.modem, self.gateway, posts, listening))
        under_way = self.store.read(on_their_way)
        self.hits.update({phase for phase, *_ in under_way - self._left_on_the_way})
        self._left_on_the_way = under_way
        assert self.leaders.failure is None, self.leaders.failure

    def quiet_end(self) -> None:
        """No more blows and no more moods. One stop in order lies in between."""
        self.moods.calm = True
        self.modem.ask("clear_faults")
        self.modem.ask("radio", name="reports", value="delivered")
        self.gateway.start()
        assert self.gateway.ready.wait(60)
        time.sleep(2.5)
        assert self.gateway.stop() in (0, -15), self.gateway.complaints[-3:]
        self.gateway.start()
        self.system.stop()
        end = time.monotonic() + PATIENCE_S
        while left := self._left():
            if time.monotonic() > end or self.leaders.failure is not None:
                break  # the judge names what is missing
            time.sleep(0.2)
        print(f"left at the end: {left}" if left else "at rest")
        time.sleep(1.5)  # whatever comes too often comes now
        self.leaders.stop()
        assert self.leaders.failure is None, self.leaders.failure
        for phone in self.ledger.phones:
            self.leaders.look(phone)
        self.gateway.stop()
        self.ledger.in_flight = list(self.gateway.in_flight)

    def _left(self) -> list[str]:
        open_now = [ref for ref, one in list(self.ledger.asked.items()) if not one.done]
        found = self.store.read(at_rest)
        if self.leaders.waiting():
            found.append(f"{self.leaders.waiting()} leaders are about to type")
        return [*found, *(f"{ref} is open" for ref in open_now)]


@contextmanager
def world(database: str, store: Store, folder: Path, seed: int) -> Iterator[World]:
    """Everything but the gateway is running. Whatever was started is ended, each by its own number."""
    ledger = Ledger()
    phones = {f"hy{n:05d}": f"{PREFIX}{n:08d}" for n in range(1, LEADERS + 1)}
    store.write(_people, phones)
    with ExitStack() as ending:
        moods = Moods(ledger, seed)
        ending.enter_context(moods)
        key = store.write(
            clients.add, SOURCE, scopes=("approvals",), callback_prefixes=(moods.address,), now=utc_now()
        )
        modem = ModemProcess(folder)
        ending.callback(modem.end)
        gateway = GatewayProcess(database, modem, folder, **SETTINGS)
        ending.callback(gateway.kill)
        leaders = Leaders(ledger, modem, sorted(phones.values()), seed + 1)
        system = AskingSystem(ledger, gateway, key, moods.address, phones, seed + 2)
        leaders.start()
        ending.callback(leaders.stop)
        system.start()
        ending.callback(system.leave)
        yield World(store, gateway, modem, moods, system, leaders, ledger, seed)


def _people(tx: Tx, phones: dict[str, str]) -> None:
    for account, number in phones.items():
        insert_person(tx, account, name=f"领导{account[-1]}", number=number)
