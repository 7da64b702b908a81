"""Group commit: many callers' writes share one transaction and one fsync.

One that raises takes nobody else's write along. Futures resolve after the commit, never before.

Where one thread writes (SQLite), all that is queued goes into one transaction. Where several do,
one holds a single call's writes: two transactions with several calls each would lock the same rows
in differing orders, and every deadlock costs a wait. There the server itself gathers the commits
of its sessions, and what meets a lock that somebody keeps goes on in a siding.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from fulfillment_sdk.store.backlog import Backlog
from fulfillment_sdk.store.failures import failure, lost
from fulfillment_sdk.store.fork_gate import ForkGate
from fulfillment_sdk.store.future import Outcome, settle
from fulfillment_sdk.store.siding import POKE_SECONDS, Siding
from fulfillment_sdk.store.task import Entry, Task, grouped
from fulfillment_sdk.store.transaction import Abandoned, Blocked, Transaction

log = logging.getLogger("fulfillment_sdk.store")

MOST_PER_COMMIT = 1024
LONGEST_SECONDS = 0.05  # work gathered before a commit; the first caller waits no longer for others
TRIES = 5  # of a transaction that the database gave up for another one's sake


class Writer:
    """Threads that run queued writes in batches, each batch in one transaction.

    Args:
        engine: opened for writing.
        gate: entered for each transaction.
        on_commit: called in the writing thread after each commit; must be quick.
        threads: how many write at once; on SQLite only one can.
        together: whether different calls share transactions; by default where one thread writes.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        gate: ForkGate,
        on_commit: Callable[[], None],
        threads: int = 1,
        together: bool | None = None,
    ) -> None:
        self._engine = engine
        self._fork_gate = gate
        self._on_commit = on_commit
        self._together = threads == 1 if together is None else together
        self._backlog = Backlog()
        self._siding = Siding(run=self._alone, fail=_fail)
        self._threads = [
            threading.Thread(target=self._run, name=f"fulfillment-writer-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, entry: Entry) -> None:
        """Queue a write; its future gets the result after the commit.

        Raises:
            StoreError: the writer is closed.
        """
        self._backlog.put(entry)

    def close(self) -> None:
        """Finish what is queued, then end the threads."""
        self._backlog.close()
        for thread in self._threads:
            thread.join()
        self._siding.close()

    def _run(self) -> None:
        while self._backlog.wait():
            if not self._together:
                if entries := self._backlog.take_alike(MOST_PER_COMMIT):
                    self._batch([Task(entries)])
                continue
            waiting = grouped(self._backlog.take(MOST_PER_COMMIT))
            while waiting:
                waiting = self._batch(waiting)

    def _batch(self, waiting: list[Task]) -> list[Task]:
        """Run one transaction with these tasks and what is queued meanwhile; return what is left.

        Nobody waits longer than the limit for others' work: what has not begun by then is left.
        """
        begun: list[Task] = []
        outcomes: list[list[Outcome]] = []
        try:
            with (
                self._fork_gate.using(),
                self._engine.connect() as connection,
                Transaction(connection, patience=self._patience) as transaction,
            ):
                deadline = time.monotonic() + LONGEST_SECONDS
                room = MOST_PER_COMMIT - sum(len(task.entries) for task in waiting)
                while waiting:
                    begun.append(waiting.pop(0))
                    outcomes.append(begun[-1].run(transaction))
                    if time.monotonic() >= deadline:
                        break
                    if self._together and not waiting and room > 0:
                        more = self._backlog.take(room)
                        waiting, room = grouped(more), room - len(more)
                transaction.commit()
        except Blocked:
            self._siding.take(begun.pop())
            for task in begun:
                self._again(task)
        except Abandoned as error:
            self._abandoned(begun, error)
        except BaseException as error:  # noqa: BLE001  a caller must never wait for ever
            if not begun:
                # A locked database costs seconds each time: those who wait fail with us.
                begun, waiting = [*waiting, *grouped(self._backlog.take())], []
            _fail(begun, error)
        else:
            self._committed(zip(begun, outcomes, strict=True))
        return waiting

    @property
    def _patience(self) -> float | None:
        # Where locks are known to be kept, nobody waits long to meet them.
        return POKE_SECONDS if self._siding.in_use else None

    def _abandoned(self, tasks: list[Task], error: Abandoned) -> None:
        if not error.again:
            _fail(tasks, error.cause)
            return
        log.info("the database gave up a transaction; its writes run again one by one")
        for task in tasks:
            self._again(task)

    def _again(self, task: Task, tries: int = TRIES) -> None:
        """Run a task in a transaction of its own, and its entries alone if that fails too."""
        try:
            outcomes = self._in_one_of_its_own(task, self._patience)
        except Blocked:
            self._siding.take(task)
        except Abandoned as error:
            if not error.again or tries == 1:
                _fail([task], error.cause)
                return
            for part in task.split():
                self._again(part, tries - 1)
        except BaseException as error:  # noqa: BLE001  a caller must never wait for ever
            _fail([task], error)
        else:
            self._committed([(task, outcomes)])

    def _alone(self, task: Task, patience: float) -> Blocked | None:
        """Run a task in a transaction of its own; return what it meets a lock with, undone."""
        try:
            outcomes = self._in_one_of_its_own(task, patience)
        except Blocked as blocked:
            return blocked
        except Abandoned as error:
            self._abandoned([task], error)
        except BaseException as error:  # noqa: BLE001  a caller must never wait for ever
            _fail([task], error)
        else:
            self._committed([(task, outcomes)])
        return None

    def _in_one_of_its_own(self, task: Task, patience: float | None) -> list[Outcome]:
        with (
            self._fork_gate.using(),
            self._engine.connect() as connection,
            Transaction(connection, patience=patience) as transaction,
        ):
            outcomes = task.run(transaction)
            transaction.commit()
        return outcomes

    def _committed(self, done: Iterable[tuple[Task, list[Outcome]]]) -> None:
        settle(
            (entry.future, (result, error and failure(error)))
            for task, outcomes in done
            for entry, (result, error) in zip(task.entries, outcomes, strict=True)
        )
        try:
            self._on_commit()
        except Exception as error:  # noqa: BLE001  a listener must not end the writer
            log.error("a listener to commits raised %s", type(error).__name__)


def _fail(tasks: Iterable[Task], cause: BaseException) -> None:
    """Fail every write of a transaction that is no more."""
    settle((entry.future, (None, lost(cause))) for task in tasks for entry in task.entries)
