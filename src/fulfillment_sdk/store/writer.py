"""Group commit: many callers' writes share one transaction and one fsync.

Each caller's function runs in a savepoint of its own, so that one that raises takes nobody else's
write along. Futures resolve after the commit, never before.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store.engine import unavailable
from fulfillment_sdk.store.fork_gate import ForkGate
from fulfillment_sdk.store.future import StoreFuture

log = logging.getLogger("fulfillment_sdk.store")

MOST_PER_COMMIT = 256
LONGEST_SECONDS = 0.05  # work gathered before a commit; the first caller waits no longer for others

Work = Callable[[sa.Connection], Any]
Item = tuple[Work, StoreFuture[Any]]
Outcome = tuple[Any, BaseException | None]  # what the work returned, or what it raised


class Writer:
    """A thread that runs queued writes in batches.

    One a process: on SQLite only one may write, and on a server two batches that touch the same
    rows in another order would wait for each other in a circle.

    Args:
        engine: opened for writing.
        gate: entered for each transaction.
        on_commit: called in the writer's thread after each commit; must be quick.
    """

    def __init__(self, engine: sa.Engine, *, gate: ForkGate, on_commit: Callable[[], None]) -> None:
        self._engine = engine
        self._fork_gate = gate
        self._on_commit = on_commit
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._closed = False
        self._ended = False  # only the thread itself touches it
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="fulfillment-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work, future: StoreFuture[Any]) -> None:
        """Queue `work`; `future` gets its result after the commit.

        Raises:
            StoreError: the writer is closed.
        """
        with self._gate:
            if self._closed:
                raise StoreError("The store is closed")
            self._queue.put((work, future))

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while not self._ended and (item := self._queue.get()) is not None:
            work, future = item
            if future.set_running_or_notify_cancel():
                self._batch(work, future)

    def _batch(self, work: Work, future: StoreFuture[Any]) -> None:
        """Run one transaction with this work and what is queued behind it."""
        taken, outcomes, begun = [future], [], False
        try:
            with (
                self._fork_gate.using(),
                self._engine.connect() as connection,
                connection.begin(),
            ):
                begun = True
                outcomes.append(_in_savepoint(connection, work))
                deadline = time.monotonic() + LONGEST_SECONDS
                while len(taken) < MOST_PER_COMMIT and time.monotonic() < deadline:
                    if (item := self._next()) is None:
                        break
                    taken.append(item[1])
                    outcomes.append(_in_savepoint(connection, item[0]))
        except sa.exc.SQLAlchemyError as error:
            if not begun:
                # A locked database costs seconds each time: those who wait fail with us.
                taken += [waiting for _, waiting in iter(self._next, None)]
            _fail(taken, unavailable(error), error)
        except BaseException as error:  # noqa: BLE001  a caller must never wait for ever
            _fail(taken, StoreError("The store failed"), error)
        else:
            _resolve(taken, outcomes)
            self._tell()

    def _tell(self) -> None:
        try:
            self._on_commit()
        except Exception as error:  # noqa: BLE001  a listener must not end the writer
            log.error("a listener to commits raised %s", type(error).__name__)

    def _next(self) -> Item | None:
        """Take what is queued next, if anything is, and notice the end mark."""
        while not self._queue.empty():
            item = self._queue.get()
            if item is None:
                self._ended = True
                break
            if item[1].set_running_or_notify_cancel():
                return item
        return None


def _in_savepoint(connection: sa.Connection, work: Work) -> Outcome:
    savepoint = connection.begin_nested()
    try:
        result = work(connection)
    except BaseException as error:  # noqa: BLE001  it belongs to the caller
        try:
            savepoint.rollback()
        except sa.exc.DBAPIError:
            # The database gave up the whole transaction (its disk is full, say): then the batch
            # fails as a whole, with the first cause; nothing of it was acknowledged.
            raise error from None
        return None, error
    savepoint.commit()
    return result, None


def _resolve(futures: Sequence[StoreFuture[Any]], outcomes: Sequence[Outcome]) -> None:
    for future, (result, error) in zip(futures, outcomes, strict=True):
        if error is None:
            future.set_result(result)
        elif isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)):
            _fail([future], unavailable(error), error)
        else:
            future.set_exception(error)


def _fail(futures: Sequence[StoreFuture[Any]], error: StoreError, cause: BaseException) -> None:
    error.__cause__ = cause
    for future in futures:
        future.set_exception(error)
