"""The store: where every durable fact of a hop goes, in the caller's transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store import announcement
from fulfillment_sdk.store.driver import execute
from fulfillment_sdk.store.engine import make_engine
from fulfillment_sdk.store.failures import failure, lost, unavailable
from fulfillment_sdk.store.fork_gate import ForkGate
from fulfillment_sdk.store.future import Outcome, StoreFuture, settle
from fulfillment_sdk.store.listening import Listening
from fulfillment_sdk.store.migrations import Schema, migrate
from fulfillment_sdk.store.process import Process
from fulfillment_sdk.store.sealing import Sealer
from fulfillment_sdk.store.task import Entry

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741  an item
R = TypeVar("R")

_SERVER_TIME = "SELECT extract(epoch FROM clock_timestamp())::float8"


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
        self._process: Process | None = None
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

        Writes run in no order that callers could rely on: who needs one after another waits for
        the first.

        Args:
            work: quick, does no other I/O, and may raise: then only its own changes are undone.
                It must be harmless to run twice: a server may give up a transaction in favour of
                another one, or because a row that it wants is kept by one, and then what was undone
                runs again. (Who waits for such a row holds nobody else up.)

        Returns:
            a future that resolves to what `work` returned, after the commit.

        Raises:
            StoreError: the store is closed. (In the future: what `work` raised, or
                `StoreUnavailable` where the database failed, or somebody keeps a row for seconds.)
        """
        future: StoreFuture[T] = StoreFuture()
        self._open_here().writer.submit(Entry(work, future))
        return future

    def write_each(
        self, many: Callable[[sa.Connection, Sequence[I]], Sequence[R]], item: I
    ) -> StoreFuture[R]:
        """Write `item` together with the items of other callers.

        What is queued for one commit with an equal `many` is handed over in one call, in the order
        of submission. If that call raises, its changes are undone and each item is tried alone, so
        that one caller's failure takes nobody along.

        Args:
            many: `many(connection, items)` returns one result an item, in their order. The rules
                for the work of `write` hold. It must be hashable: a function, or a bound method.
            item: what this caller adds to the list.

        Returns:
            a future that resolves to this item's result, after the commit.

        Raises:
            StoreError: the store is closed. (In the future: as for `write`, and where `many`
                returned too few or too many results.)
        """
        future: StoreFuture[R] = StoreFuture()
        self._open_here().writer.submit(Entry(item, future, many))
        return future

    def read(self, work: Callable[[sa.Connection], T]) -> StoreFuture[T]:
        """Run `work(connection)` in a reader's thread, on what is committed."""
        future: StoreFuture[T] = StoreFuture()
        process = self._open_here()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            settle([(future, self._outcome(process, work))])

        process.readers.submit(run)
        return future

    def probe(self) -> StoreFuture[None]:
        """Write something without meaning, to find out whether the database can be written."""

        def touch(connection: sa.Connection) -> None:
            if connection.dialect.name == "sqlite":
                # Any other empty transaction would not reach the disk at all.
                number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
                connection.exec_driver_sql(f"PRAGMA user_version={number}")
            else:
                connection.execute(sa.select(sa.func.pg_current_xact_id()))

        return self.write(touch)

    def now(self, connection: sa.Connection) -> float:
        """Return the time that leases go by: on a server's database, that database's own."""
        if connection.dialect.name == "sqlite":
            return self.clock()
        ((now,),) = execute(connection, _SERVER_TIME)
        return float(now)

    def announce(self, connection: sa.Connection) -> None:
        """Have the transaction at hand tell other processes, on its commit, to look again.

        Only inside a write, and as often as you like: there is one message a commit.
        """
        announcement.ask(connection)

    def listen(self, callback: Callable[[], None]) -> Listening:
        """Call `callback()` whenever this or another process committed something announced.

        It is called in a thread of its own, once for what comes close together, and now and then
        for nothing; and something may be missed while a server is away: who listens looks by
        themselves from time to time.

        Args:
            callback: quick.

        Returns:
            what ends it: `close()`. Closing the store does so too.
        """
        process = self._open_here()
        with self._gate:
            return process.listen(callback, self._fork_gate)

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener()` in the writer's thread after each commit; it must be quick."""
        with self._gate:
            self._listeners = (*self._listeners, listener)

    def close(self) -> None:
        """Finish what is queued and let go of threads and connections."""
        with self._gate:
            process, self._process, self._closed = self._process, None, True
        if process is not None and process.here:
            process.close()

    def _outcome(self, process: Process, work: Callable[[sa.Connection], T]) -> Outcome:
        connected = False
        try:
            with self._fork_gate.using(), process.read_engine.connect() as connection:
                connected = True
                return work(connection), None
        except BaseException as error:  # noqa: BLE001  it belongs to the caller
            # Whatever keeps us from connecting is no fault of the work.
            return None, failure(error) if connected else lost(error)

    def _open_here(self) -> Process:
        process = self._process
        if process is not None and process.here:
            return process
        with self._gate:
            if self._closed:
                raise StoreError("The store is closed")
            if self._process is None or not self._process.here:
                self._process = Process(self.url, self._fork_gate, self._committed)
            return self._process

    def _disconnect(self) -> None:
        if self._process is not None:
            self._process.disconnect()

    def _forget(self) -> None:
        self._gate = threading.Lock()
        process, self._process = self._process, None
        if process is not None:
            process.abandon()

    def _committed(self) -> None:
        for listener in self._listeners:
            listener()
