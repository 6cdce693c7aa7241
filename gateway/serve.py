"""One process: web, worker, callback sender and the modem daemons, begun together and ended in order."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import uvicorn
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

import migrations
from approval_core.connections import database_url
from approval_core.store import Store
from gateway import wiring
from gateway.app import Office, create_app
from gateway.intake.addresses import Reach
from gateway.intake.callbacks import CallbackSender
from gateway.settings import Settings, SettingsError, secret_of, sqlite_file
from gateway.worker import Worker, checkpoint_key
from sms_modem.transports.base import ModemState

log = logging.getLogger("pishi.serve")

DRAIN_S = 10


class Part(Protocol):
    """Something with a thread of its own."""

    @property
    def alive(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


def migrate_if_behind(url: str) -> str | None:
    """Bring the schema to the newest when it is empty or behind; what was done, None when nothing was."""
    before, newest = revision(url), _newest(url)
    if before == newest:
        return None
    migrations.upgrade(url)
    return f"migrated from {before or 'nothing'} to {newest}"


def revision(url: str) -> str | None:
    """The schema's revision; None for an empty database. SettingsError when the database cannot be reached."""
    file = sqlite_file(url)
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unreachable(error.strerror or "its folder cannot be made") from None
    engine = create_engine(database_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()
        raise _unreachable(reason[0] if reason else type(error).__name__) from None
    finally:
        engine.dispose()


def _newest(url: str) -> str | None:
    return ScriptDirectory.from_config(migrations.config(url)).get_current_head()


def _unreachable(reason: str) -> SettingsError:
    return SettingsError(
        "no_database", f"PISHI_DATABASE: cannot be opened: {reason}", setting="PISHI_DATABASE"
    )


class Site:
    """The running office. `run` blocks until a signal (main thread) or `stop`; then everything ends in order:
    the web takes no more, what is under way ends, modems and senders, the worker, last the store."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.secret, secret_said = secret_of(settings)
        log.info(f"secret: {secret_said}")
        done = migrate_if_behind(settings.database)
        if done:
            log.info(f"database: {done}")
        self._socket = _listen(settings.host, settings.port)
        self.port: int = self._socket.getsockname()[1]
        self.store = Store(settings.database)
        self.parts: dict[str, Part] = _parts(settings, self.store, self.secret)
        self.app = create_app(settings, self.store, Office(self._living(), self._modems))
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=DRAIN_S,
            h11_max_incomplete_event_size=65_536,
        )
        self.server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self.port}"

    def run(self) -> None:
        with ExitStack() as ending:
            ending.callback(self.store.close)
            for name, part in self.parts.items():
                part.start()
                ending.callback(part.stop)
                log.info(f"{name}: started")
            self.server.run(sockets=[self._socket])
            log.info("web: stopped")

    def stop(self) -> None:
        self.server.should_exit = True

    def _living(self) -> dict[str, Callable[[], bool]]:
        return {name: lambda part=part: part.alive for name, part in self.parts.items()}  # type: ignore[misc]  # a default binds the loop's value

    def _modems(self) -> list[ModemState]:
        found = (getattr(part, "state", None) for part in self.parts.values())
        return [state for state in found if isinstance(state, ModemState)]


def worker_for(settings: Settings, store: Store, secret: str) -> Worker:
    return Worker(store, wiring.reactions(settings), wiring.TIMERS, key=checkpoint_key(secret))


def sender_for(settings: Settings, store: Store) -> CallbackSender:
    reach = Reach(loopback=settings.loopback_callbacks, private=settings.callbacks.allow_private)
    return CallbackSender(store, settings.callbacks, reach)


def _parts(settings: Settings, store: Store, secret: str) -> dict[str, Part]:
    return {
        "worker": worker_for(settings, store, secret),
        "callbacks": sender_for(settings, store),
        **wiring.modems(settings, store),
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
