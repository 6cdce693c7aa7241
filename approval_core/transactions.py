"""What a piece of work sees of its transaction: statements, an ORM session, savepoints, signals.

Never commits and never hands out the connection: the store alone ends the transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ClauseElement

from approval_core.connections import Line, TransactionLostError
from approval_core.statements import Plans, Rows


class Tx:
    """One work's view of its transaction. Valid only while the work runs."""

    def __init__(self, line: Line, plans: Plans, *, read_only: bool = False) -> None:
        self._line: Line | None = line
        self._plans = plans
        self._read_only = read_only
        self._orm: Session | None = None
        self._scope: ExitStack | None = None
        self._depth = 0
        self.topics: set[str] = set()

    def run(self, stmt: Executable, /, **params: Any) -> Rows:
        """The hot path: a module-level statement, compiled once, run on the driver's own cursor.

        TypeError when a parameter is missing or unknown; IntegrityError and its family as with `execute`.
        An `IN` over a list goes through `execute`.
        """
        line = self._line
        if line is None:
            raise RuntimeError("this transaction is over")
        if self._orm is not None:
            self._orm.flush()
        assert isinstance(stmt, ClauseElement)  # noqa: S101  # every statement of SQLAlchemy is both
        plan = self._plans.find(stmt, params)
        values = plan.values(params)
        if line.on_sqlite and not line.driver.in_transaction:
            raise TransactionLostError("the database has dropped the transaction of this work")
        cursor = line.cursor
        try:
            cursor.execute(plan.sql, values)
            return plan.fetch(cursor)
        except line.driver_error as error:
            raise line.translated(plan.sql, error) from error

    def execute(
        self, stmt: Executable, params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Anything else: IN lists, statements made on the spot, many rows at once."""
        if self._orm is not None:
            self._orm.flush()
        return self._open().connection.execute(stmt, params)

    @property
    def session(self) -> Session:
        """An ORM session on the same connection; its objects stay readable after the work."""
        connection = self._open().connection
        if not connection.in_transaction():
            connection.begin()  # the database has begun already; this tells SQLAlchemy
        if self._orm is None:
            self._orm = Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        if self._scope is None:
            self._scope = ExitStack()
            self._scope.enter_context(self._orm.begin())
        return self._orm

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A savepoint: what happens inside is undone alone when an exception leaves the block."""
        line = self._open()
        self.settle_session()
        self._depth += 1
        name = f"nested_{self._depth}"
        line.execute(f"SAVEPOINT {name}")
        topics = set(self.topics)
        try:
            yield
            self.settle_session()
        except BaseException:
            self.drop_session_changes()
            self.topics = topics
            if not line.is_gone():
                line.execute(f"ROLLBACK TO SAVEPOINT {name}")
                line.execute(f"RELEASE SAVEPOINT {name}")
            raise
        else:
            line.execute(f"RELEASE SAVEPOINT {name}")
        finally:
            self._depth -= 1

    def signal(self, topic: str) -> None:
        """Wake the listeners of `topic`, here and in every other process, once the transaction is durable."""
        if self._read_only:
            raise RuntimeError("a read signals nothing: nothing has changed")
        self.topics.add(topic)

    def _open(self) -> Line:
        if self._line is None:
            raise RuntimeError("this transaction is over")
        return self._line

    # For the store.

    def settle_session(self) -> None:
        """Write out what the session holds and leave its savepoint."""
        scope, self._scope = self._scope, None
        if scope is not None:
            scope.close()

    def drop_session_changes(self) -> None:
        scope, self._scope = self._scope, None
        if scope is not None:
            kind, error, trace = sys.exc_info()
            scope.__exit__(kind or _RollBackError, error or _RollBackError(), trace)

    def end(self) -> None:
        """The work is over: its session is detached and the connection out of its reach."""
        self._line = None
        if self._orm is not None:
            self._orm.close()


class _RollBackError(Exception):
    """Tells a session's scope to roll back."""
