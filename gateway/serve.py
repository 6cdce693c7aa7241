"""One process: web, worker, callback sender and the modem daemons, begun together and ended in order."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import uvicorn

from approval_core.clock import utc_now
from approval_core.store import Store
from gateway import wiring
from gateway.app import Office, create_app
from gateway.databases import migrate_if_behind, require_office
from gateway.intake.addresses import Reach
from gateway.intake.callbacks import CallbackSender
from gateway.settings import DEMO_PREFIX, Settings, SettingsError, secret_of
from gateway.worker import Worker, checkpoint_key, sm2_key
from sms_modem.supervisor import Supervisor
from sms_modem.transports.base import ModemState, SmsTransport
from sms_modem.transports.choose import is_virtual, transport_for
from sms_modem.transports.virtual_modem import VirtualModem
from sms_modem.transports.virtual_radio import VirtualRadio

log = logging.getLogger("pishi.serve")

DRAIN_S = 10
SILENT_S = 60


class Part(Protocol):
    """Something with a thread of its own."""

    @property
    def alive(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Site:
    """The running office. `run` blocks until a signal (main thread) or `stop`; then everything ends in order:
    the web takes no more, what is under way ends, modems and senders, the worker, last the store."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        if not settings.demo:
            require_office(settings.database)
        self.secret, secret_said = secret_of(settings)
        log.info(f"secret: {secret_said}")
        done = migrate_if_behind(settings.database)
        if done:
            log.info(f"database: {done}")
        self._socket = _listen(settings.host, settings.port)
        self.port: int = self._socket.getsockname()[1]
        self.store = Store(settings.database)
        self.sms = SmsPart(settings, self.store) if settings.modem else None
        self.parts: dict[str, Part] = _parts(settings, self.store, self.secret, self.sms)
        modems = self.sms.states if self.sms else list
        self.app = create_app(settings, self.store, Office(self._living(), modems))
        self.app.state.meter.begin(self.store)
        if settings.demo:
            self.app.state.stage = self._stage()
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            forwarded_allow_ips=settings.networks.proxies,
            timeout_graceful_shutdown=DRAIN_S,
            h11_max_incomplete_event_size=65_536,
        )
        self.server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self.port}"

    def run(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())  # uvicorn repeats the signal when it has ended
        with ExitStack() as ending:
            ending.callback(self.store.close)
            for name, part in self.parts.items():
                part.start()
                ending.callback(_end, name, part)
                log.info(f"{name}: started")
            self.server.run(sockets=[self._socket])
            log.info("web: stopped")

    def stop(self) -> None:
        self.server.should_exit = True

    def _stage(self) -> object:
        from gateway.demo.asking import AskingSystem
        from gateway.demo.stage import Stage

        radio = self.sms.radio if self.sms else None
        return Stage(AskingSystem(self.store, self.address, now=utc_now()), radio)

    def _living(self) -> dict[str, Callable[[], bool]]:
        return {name: lambda part=part: part.alive for name, part in self.parts.items()}  # type: ignore[misc]  # a default binds the loop's value


def _end(name: str, part: Part) -> None:
    part.stop()
    log.info(f"{name}: stopped")


def _numbered(devices: list[str]) -> list[tuple[str, int]]:
    """Each with how many of its name stood before it: `virtual` may be given twice."""
    return [(device, devices[:place].count(device)) for place, device in enumerate(devices)]


class SmsPart:
    """The modems of this process, our own virtual ones among them, and the radio that joins those to handsets."""

    def __init__(self, settings: Settings, store: Store) -> None:
        rules = settings.sms_rules
        self.radio = VirtualRadio(demo_prefix=rules.demo_prefix)
        self._virtual: list[VirtualModem] = []
        names = [
            device if number == 0 else f"{device}#{number + 1}"
            for device, number in _numbered(settings.modem)
        ]
        transports = [
            self._transport(device, name, settings)
            for device, name in zip(settings.modem, names, strict=True)
        ]
        self._supervisor = Supervisor(store, transports, settings=rules)
        self._last_connected: float | None = None

    def _transport(self, device: str, name: str, settings: Settings) -> SmsTransport:
        modem = None
        if is_virtual(device):
            modem = VirtualModem(self.radio, number=f"{DEMO_PREFIX}{99_999_999 - len(self._virtual)}").start()
            self._virtual.append(modem)
        return transport_for(
            device,
            name=name,
            modem=modem,
            pin=settings.sms.sim_pin or None,
            demo_prefix=settings.sms_rules.demo_prefix,
            allow_demo_numbers=settings.allow_demo_numbers,
        )

    def states(self) -> list[ModemState]:
        return self._supervisor.status()

    @property
    def alive(self) -> bool:
        """Some modem has answered within the last minute; a dead owner closes its port and does not.

        False as well from the start until one answers for the first time.
        """
        if any(state.connected for state in self.states()):
            self._last_connected = time.monotonic()
        return self._last_connected is not None and time.monotonic() - self._last_connected < SILENT_S

    def start(self) -> None:
        self._supervisor.start()

    def stop(self) -> None:
        self._supervisor.stop()
        for modem in self._virtual:
            modem.close()
        self.radio.close()


def worker_for(settings: Settings, store: Store, secret: str) -> Worker:
    return Worker(
        store,
        wiring.reactions(settings),
        wiring.TIMERS,
        key=checkpoint_key(secret),
        sm2=sm2_key(settings.sm2_key_file),
        beginnings=wiring.BEGINNINGS,
    )


def sender_for(settings: Settings, store: Store) -> CallbackSender:
    reach = Reach(loopback=settings.loopback_callbacks, private=settings.callbacks.allow_private)
    return CallbackSender(store, settings.callbacks, reach)


def _parts(settings: Settings, store: Store, secret: str, sms: SmsPart | None) -> dict[str, Part]:
    return {
        "worker": worker_for(settings, store, secret),
        "callbacks": sender_for(settings, store),
        **({"sms": sms} if sms else {}),
    }


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            "bad_port",
            f"PISHI_PORT: {host}:{port} cannot be listened on: {error.strerror}",
            setting="PISHI_PORT",
        ) from None
    listener.listen(2048)
    return listener
