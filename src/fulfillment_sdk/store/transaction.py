"""One transaction that many callers share, and in which each of them can fail alone."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store.announcement import announce_in, asked, forget
from fulfillment_sdk.store.failures import sqlstate

T = TypeVar("T")

# PostgreSQL gave the transaction up for another one's sake; running it again may well succeed.
_GIVEN_UP = frozenset({"40P01", "40001"})
_LOCKED = "55P03"


class Abandoned(Exception):
    """The whole transaction is over; nothing of it was kept. Its cause says why."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__()
        self.__cause__ = self.cause = cause

    @property
    def again(self) -> bool:
        """Whether it is worth trying again at once."""
        return sqlstate(self.cause) in _GIVEN_UP


class Blocked(Abandoned):
    """It is over because what ran last met a lock that somebody keeps."""


class Transaction:
    """A transaction that is begun by entering it and undone unless `commit` is called.

    Savepoints are set with the driver's own cursor: 2 microseconds each on SQLite, where
    SQLAlchemy's nested transactions cost 85. What comes first needs none.

    Args:
        connection: a writing one.
        patience: seconds to wait for each lock on a server; None for what the connection is set to.
    """

    def __init__(self, connection: sa.Connection, *, patience: float | None = None) -> None:
        self._connection = connection
        self._patience = patience
        self._cursor: Any = connection.connection.cursor()
        self._driver: Any = connection.connection.dbapi_connection
        self._server = connection.dialect.name != "sqlite"
        self._errors: Any = connection.dialect.loaded_dbapi.Error
        self._kept = False  # whether there is anything in it that must not be undone
        self._marked = False

    def __enter__(self) -> Self:
        forget(self._connection)
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cursor.close()
        self._transaction.close()

    def attempt(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work(connection)`; if it raises, its own changes are undone.

        Raises:
            Blocked: it met a lock that somebody keeps; the whole transaction is to be undone, for
                it may hold locks that others wait for.
            Abandoned: undoing was impossible, or the database gave up the whole transaction.
        """
        self._mark()
        announced = asked(self._connection)
        try:
            result = work(self._connection)
            if not self._alive():
                raise StoreError("A write went on after the database had undone it")
        except BaseException as error:
            if sqlstate(error) == _LOCKED:
                raise Blocked(error) from error
            if sqlstate(error) in _GIVEN_UP:
                raise Abandoned(error) from error
            self._undo(error)
            if not announced:
                forget(self._connection)
            raise
        self._kept = True
        return result

    def commit(self) -> None:
        """Make it durable, and tell listeners if anybody asked for that.

        Raises:
            Abandoned: it was not; nothing is kept.
        """
        try:
            announce_in(self._connection, self._cursor)
            if not self._alive():  # its commit would be a rollback that nobody hears of
                raise StoreError("The database had undone the transaction before its commit")
            self._transaction.commit()
        except (sa.exc.SQLAlchemyError, self._errors, StoreError) as error:
            raise Abandoned(error) from error

    def _begin(self) -> None:
        self._transaction = self._connection.begin()
        if self._server and self._patience is not None:
            milliseconds = max(1, round(self._patience * 1000))  # 0 would be for ever
            self._connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")

    def _mark(self) -> None:
        if not self._kept:
            return
        try:
            if not self._marked:
                self._cursor.execute("SAVEPOINT w")
            elif self._server:
                self._cursor.execute("RELEASE w; SAVEPOINT w", prepare=False)  # one round trip
            else:
                self._cursor.execute("RELEASE w")
                self._cursor.execute("SAVEPOINT w")
        except self._errors as error:
            raise Abandoned(error) from error
        self._marked = True

    def _undo(self, error: BaseException) -> None:
        """Undo what came after the mark; where nothing came before, begin anew.

        (A database whose disk is full, say, gives up the whole transaction by itself.)
        """
        if self._connection.invalidated:  # it would connect anew, and go on without what was done
            raise Abandoned(error) from error
        try:
            if self._kept:
                self._cursor.execute("ROLLBACK TO w")
            else:
                self._transaction.rollback()
                self._begin()
        except (sa.exc.SQLAlchemyError, self._errors) as undoing:
            # A caller's own error says nothing about why the database is gone.
            cause = error if isinstance(error, sa.exc.SQLAlchemyError) else undoing
            raise Abandoned(cause) from cause

    def _alive(self) -> bool:
        """Tell whether a commit would commit: a swallowed error may have ended it (no I/O)."""
        if self._server:
            return self._driver.info.transaction_status.name in ("INTRANS", "IDLE")
        return bool(self._driver.in_transaction)
