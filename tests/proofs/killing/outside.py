"""The world around the gateway: a system that asks until it is answered, leaders with phones, a moody receiver."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx

from approval_core.clock import utc_now
from tests.gateway.receiver import Receiver, answers
from tests.proofs.killing.ledger import Asked, CalledBack, Ledger, Shown, Typed
from tests.proofs.killing.processes import GatewayProcess, ModemProcess

_REF = re.compile(r"第(\d+)件")
_CODE = re.compile(r"(?:编号|回Y)([2-9]{4,6})")
#: An SMS is one SMS by its sender, text and second.
ANOTHER_SECOND = 1.1
LONG = "请按规定办理并于月底前将落实情况书面报告办公室" * 5
COMMENTS = {"approve": ("", "", "", "请尽快办理", LONG), "reject": ("", "", "材料不全", "经费未落实")}
LATEST_ANSWER_S = 2.0  #: of the receiver; the gateway waits a second


class Moods(Receiver):
    """Takes most callbacks, refuses some, and keeps some waiting until nobody listens any more."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        super().__init__()
        self.chance, self._ledger, self.calm = random.Random(seed), ledger, False
        self.seen = threading.Event()
        self.slow = 0.0
        self.then = _Always(self._behave)

    def _behave(self, received: Any, handler: BaseHTTPRequestHandler) -> None:
        if len(received.body.encode()) < int(received.headers["content-length"]):
            return  # whoever called was killed in the middle of it
        self.seen.set()
        mood = 0.0 if self.calm else self.chance.random()
        if self.slow:
            time.sleep(self.slow)
        if mood > 0.93:
            time.sleep(LATEST_ANSWER_S)
        taken = mood < 0.8
        told = json.loads(received.body)
        self._ledger.called_back.append(
            CalledBack(
                message_id=received.headers["webhook-id"],
                ref=told["data"]["ref"],
                type=told["type"],
                body=received.body,
                at=utc_now(),
                taken=taken,
            )
        )
        if taken and told["data"]["ref"] in self._ledger.asked:
            self._ledger.asked[told["data"]["ref"]].done = True
        try:
            answers(204 if taken else self.chance.choice([500, 503, 302]))(received, handler)
        except OSError:
            return  # whoever called was killed


class _Always(list[Any]):
    """The receiver's list of behaviours that never runs out."""

    def __init__(self, behave: Callable[..., None]) -> None:
        super().__init__([behave])

    def pop(self, _index: Any = 0) -> Any:
        return self[0]


class AskingSystem:
    """Several approvals at a time, each sent with its key again and again until there is an answer."""

    def __init__(
        self, ledger: Ledger, gateway: GatewayProcess, key: str, hook: str, leaders: dict[str, str], seed: int
    ) -> None:
        self._ledger, self._gateway, self._hook, self._leaders = ledger, gateway, hook, leaders
        self._headers = {"Authorization": f"Bearer {key}"}
        self._seed = seed
        self._lock = threading.Lock()
        self._number = 0
        self.at_once = 6
        self.under_way = 0  #: posts without an answer yet
        self.posting = threading.Event()
        self._stopping = threading.Event()
        self._gone = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(2)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No more new ones; what was begun is sent until it is answered."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "an approval never got its answer"

    def leave(self) -> None:
        """At once, whatever is unanswered."""
        self._stopping.set()
        self._gone.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, thread: int) -> None:
        chance = random.Random(self._seed * 7 + thread)
        with httpx.Client(
            base_url=self._gateway.address, headers=self._headers, timeout=20, trust_env=False
        ) as http:
            while not self._stopping.is_set():
                if len(self._ledger.unread()) >= self.at_once:
                    self._stopping.wait(0.05)
                    continue
                asked = self._new(chance)
                self._until_answered(http, asked)
                if chance.random() < 0.05:
                    self._until_answered(http, asked)

    def _new(self, chance: random.Random) -> Asked:
        account = chance.choice(sorted(self._leaders))
        with self._lock:
            self._number += 1
            ref = f"K-{self._number}"
            hold = chance.choice([0, 1, 1, 2])
            body = {
                "ref": ref,
                "title": f"第{self._number}件用车",
                "applicant": "王伟",
                "steps": [{"approvers": [account]}],
                "hold": hold,
                "sms": True,
                "callback_url": f"{self._hook}/{ref}",
            }
            asked = self._ledger.asked[ref] = Asked(ref, account, self._leaders[account], hold, body)
        return asked

    def _until_answered(self, http: httpx.Client, asked: Asked) -> None:
        end = time.monotonic() + 100
        while time.monotonic() < end and not self._gone.is_set():
            try:
                self.under_way += 1
                self.posting.set()
                got = http.post(
                    "/systems/v1/approvals", json=asked.body, headers={"Idempotency-Key": f"key {asked.ref}"}
                )
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            finally:
                self.under_way -= 1
            if got.status_code == 503:
                time.sleep(0.05)
                continue
            assert got.status_code == 201, got.text
            told = got.json()
            assert asked.answer in (None, told), "a repeated request got another answer"
            asked.answer = told
            return


class Leaders:
    """Look at their phones all the time and answer by code: mostly yes, some with a comment, some pressing twice."""

    def __init__(self, ledger: Ledger, modem: ModemProcess, phones: list[str], seed: int) -> None:
        self._ledger, self._modem = ledger, modem
        self._chance = random.Random(seed)
        self._read = dict.fromkeys(phones, 0)
        ledger.phones = {phone: [] for phone in phones}
        self._due: list[tuple[float, Typed]] = []
        self._lock = threading.Lock()
        self._answered: set[tuple[str, str]] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.holding_back = False  #: replies wait, to be sent in one burst
        self.shown = threading.Event()
        self.failure: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(30)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                for phone in self._read:
                    self.look(phone)
                if not self.holding_back:
                    self.send(until=time.monotonic())
                self._stopping.wait(0.05)
        except Exception as failure:  # noqa: BLE001  # shown by the test, which waits in vain otherwise
            self.failure = failure

    def look(self, phone: str) -> None:
        inbox = self._modem.ask("inbox", number=phone)["inbox"]
        for one in inbox[self._read[phone] :]:
            self._ledger.phones[phone].append(Shown(one["text"], datetime.fromisoformat(one["at"])))
            self.shown.set()
            self._consider(phone, one["text"])
        self._read[phone] = len(inbox)

    def _consider(self, phone: str, text: str) -> None:
        item, code = _REF.search(text), _CODE.search(text)
        if item is None or code is None or "同意回Y" not in text or (phone, code[1]) in self._answered:
            return
        self._answered.add((phone, code[1]))
        verdict = "approve" if self._chance.random() < 0.8 else "reject"
        comment = self._chance.choice(COMMENTS[verdict])
        said = f"{'Y' if verdict == 'approve' else 'N'}{code[1]}{comment}"
        typed = Typed(f"K-{item[1]}", phone, said, verdict, comment)
        with self._lock:
            self._due.append((time.monotonic() + self._chance.uniform(0, 1.0), typed))

    def waiting(self) -> int:
        return len(self._due)

    def burst(self) -> int:
        """Everybody answers at once; how many SMS that were."""
        return self.send(until=float("inf"), first_only=True)

    def send(self, until: float, *, first_only: bool = False) -> int:
        """What is due by then; how many."""
        with self._lock:
            now = [one for one in self._due if one[0] <= until and not (first_only and one[1].again)]
            self._due = [one for one in self._due if one not in now]
            for _, typed in now:
                self._send_one(typed)
        return len(now)

    def _send_one(self, typed: Typed) -> None:
        sent = self._modem.ask("send", **{"from": typed.phone}, text=typed.text)
        self._ledger.typed.append(typed)
        self._ledger.asked[typed.ref].read = True
        luck = self._chance.random()
        if luck < 0.05:  # the network hands the very same SMS over once more
            self._modem.ask("raw", pdu=sent["pdus"][-1])
        elif luck < 0.15 and not typed.again:  # he presses it once more
            later = time.monotonic() + ANOTHER_SECOND + self._chance.uniform(0, 1.0)
            self._due.append((later, replace(typed, again=True)))
