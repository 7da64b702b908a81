"""The store: where every durable fact of a hop goes, in the caller's transaction."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store.engine import is_sqlite, make_engine, unavailable
from fulfillment_sdk.store.fork_gate import ForkGate
from fulfillment_sdk.store.future import StoreFuture
from fulfillment_sdk.store.migrations import Schema, migrate
from fulfillment_sdk.store.readers import Readers
from fulfillment_sdk.store.sealing import Sealer
from fulfillment_sdk.store.writer import Writer

T = TypeVar("T")

_READERS = 4


class _Process:
    """What one process holds open: engines and threads, which a fork must not share."""

    def __init__(self, url: str, gate: ForkGate, on_commit: Callable[[], None]) -> None:
        self.pid = os.getpid()
        sqlite = is_sqlite(url)
        self.engine = make_engine(url, readonly=False)
        self.read_engine = make_engine(url, readonly=True) if sqlite else self.engine
        self.writer = Writer(self.engine, gate=gate, on_commit=on_commit)
        self.readers = Readers(_READERS)

    def close(self) -> None:
        self.writer.close()
        self.readers.close()
        self.disconnect()

    def disconnect(self) -> None:
        self.engine.dispose()
        self.read_engine.dispose()


class Store:
    """One database, reached through `write` and `read` only.

    Opening migrates the schemas. Threads and connections open with the first use in each process,
    so that a server may fork after opening, and also while it is in use: a fork waits for the
    transaction at hand.
    """

    def __init__(self, url: str, *, sealer: Sealer, clock: Callable[[], float]) -> None:
        self.url = url
        self.sealer = sealer
        self.clock = clock
        self._gate = threading.Lock()
        self._process: _Process | None = None
        self._closed = False
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._fork_gate = ForkGate(close=self._disconnect, forget=self._forget)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        schemas: Sequence[Schema],
        sealer: Sealer,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open the database at `url` and bring `schemas` to their newest revision.

        Args:
            url: `sqlite:///path/file.db` or `postgresql://…`.
            schemas: the tables that will be used.
            sealer: encrypts what the rooms store sealed.
            clock: epoch seconds.

        Raises:
            ConfigurationError: the URL can't be used.
            StoreUnavailable: the database can't be reached or written.
            StoreError: it belongs to a newer version.
        """
        engine = make_engine(url, readonly=False)
        try:
            migrate(engine, schemas)
        except sa.exc.DBAPIError as error:
            raise unavailable(error) from error
        finally:
            engine.dispose()
        return cls(url, sealer=sealer, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, work: Callable[[sa.Connection], T]) -> StoreFuture[T]:
        """Run `work(connection)` in a group-committed transaction.

        Args:
            work: quick, does no other I/O, and may raise: then only its own changes are undone.

        Returns:
            a future that resolves to what `work` returned, after the commit.

        Raises:
            StoreError: the store is closed. (In the future: what `work` raised, or
                `StoreUnavailable` where the database failed.)
        """
        future: StoreFuture[T] = StoreFuture()
        self._open_here().writer.submit(work, future)
        return future

    def read(self, work: Callable[[sa.Connection], T]) -> StoreFuture[T]:
        """Run `work(connection)` in a reader's thread, on what is committed."""
        future: StoreFuture[T] = StoreFuture()
        process = self._open_here()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                with self._fork_gate.using(), process.read_engine.connect() as connection:
                    future.set_result(work(connection))
            except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
                failure = unavailable(error)
                failure.__cause__ = error
                future.set_exception(failure)
            except BaseException as error:  # noqa: BLE001  it belongs to the caller
                future.set_exception(error)

        process.readers.submit(run)
        return future

    def probe(self) -> StoreFuture[None]:
        """Write something without meaning, to find out whether the database can be written."""

        def touch(connection: sa.Connection) -> None:
            if connection.dialect.name == "sqlite":
                # Any other empty transaction would not reach the disk at all.
                connection.exec_driver_sql("PRAGMA user_version=1")
                connection.exec_driver_sql("PRAGMA user_version=0")
            else:
                connection.execute(sa.select(sa.func.pg_current_xact_id()))

        return self.write(touch)

    def now(self, connection: sa.Connection) -> float:
        """Return the time that leases go by: on a server's database, that database's own."""
        if connection.dialect.name == "sqlite":
            return self.clock()
        epoch = sa.extract("epoch", sa.func.clock_timestamp())
        return float(connection.execute(sa.select(epoch)).scalar_one())

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener()` in the writer's thread after each commit; it must be quick."""
        with self._gate:
            self._listeners = (*self._listeners, listener)

    def close(self) -> None:
        """Finish what is queued and let go of threads and connections."""
        with self._gate:
            process, self._process, self._closed = self._process, None, True
        if process is not None and process.pid == os.getpid():
            process.close()

    def _open_here(self) -> _Process:
        process = self._process
        if process is not None and process.pid == os.getpid():
            return process
        with self._gate:
            if self._closed:
                raise StoreError("The store is closed")
            if self._process is None or self._process.pid != os.getpid():
                self._process = _Process(self.url, self._fork_gate, self._committed)
            return self._process

    def _disconnect(self) -> None:
        if self._process is not None:
            self._process.disconnect()

    def _forget(self) -> None:
        self._gate = threading.Lock()
        self._process = None

    def _committed(self) -> None:
        for listener in self._listeners:
            listener()
