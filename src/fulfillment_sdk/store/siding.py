"""Where writes go that met a lock which somebody keeps, out of everybody else's way.

On a server one process can hold the rows of another's: one that was stopped in the middle of a
transaction keeps them for many seconds. A batch that meets one of them is undone and halved again
and again: what can go is committed at once, and what can't waits by itself, a transaction for each,
since in a shared one it would keep others' rows meanwhile.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable

from fulfillment_sdk.store.task import Entry, Task
from fulfillment_sdk.store.threads import begin
from fulfillment_sdk.store.transaction import Blocked

THREADS = 3
_WAITING = THREADS - 1  # of them may wait for locks; one always sorts

POKE_SECONDS = 0.03  # tells a lock that is kept from one that is merely held
TURN_SECONDS = 0.5  # of waiting, before others that wait have theirs
MOST_SECONDS = 5.0  # after which a write is unavailable


class Siding:
    """A few threads, begun when they are needed, that sort what was blocked and wait with it.

    Args:
        run: does a task in a transaction of its own with so much patience for each lock. It
            settles the futures, unless it returns what blocked the task.
        fail: settles the futures of tasks that were blocked for too long.
    """

    def __init__(
        self,
        *,
        run: Callable[[Task, float], Blocked | None],
        fail: Callable[[list[Task], BaseException], None],
    ) -> None:
        self._do = run
        self._fail = fail
        self._mixed: deque[Task] = deque()
        self._blocked: deque[Entry] = deque()
        self._sorting = self._waiting = 0  # threads at it
        self._closed = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    @property
    def in_use(self) -> bool:
        """Whether there are locks that somebody is known to keep."""
        return bool(self._mixed or self._blocked or self._sorting or self._waiting)

    def take(self, task: Task) -> None:
        """See to a task that was blocked and undone."""
        now = time.monotonic()
        for entry in task.entries:
            if entry.blocked_since is None:
                entry.blocked_since = now
        with self._changed:
            self._put(task)
            while len(self._threads) < THREADS:
                thread = begin(self._run, f"fulfillment-siding-{len(self._threads)}")
                if thread is None:
                    break  # with none at all it waits for the next one that is blocked
                self._threads.append(thread)

    def close(self) -> None:
        """Finish what is here, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _put(self, task: Task) -> None:
        if len(task.entries) > 1:
            self._mixed.append(task)
        else:
            self._blocked.extend(task.entries)
        self._changed.notify_all()

    def _run(self) -> None:
        with self._changed:
            while True:
                if self._mixed:
                    task = self._mixed.popleft()
                    self._sorting += 1
                    self._unlocked(functools.partial(self._sort, task))
                    self._sorting -= 1
                elif self._blocked and self._waiting < _WAITING:
                    entry = self._next()
                    self._waiting += 1
                    self._unlocked(functools.partial(self._wait, entry))
                    self._waiting -= 1
                elif self._closed and not self.in_use:
                    return
                else:
                    self._changed.wait()
                    continue
                self._changed.notify_all()

    def _unlocked(self, what: Callable[[], None]) -> None:
        self._changed.release()
        try:
            what()
        finally:
            self._changed.acquire()

    def _sort(self, task: Task) -> None:
        """Do what can be done of it, in as few transactions as it takes to find what can't."""
        parts = deque([task])
        while parts:
            part = parts.popleft()
            if self._do(part, POKE_SECONDS) is None:
                continue
            if len(part.entries) > 1:
                parts.extend(part.halves())
                continue
            with self._changed:
                self._put(part)

    def _next(self) -> Entry:
        """Take the one whose time is over, which gets a last short try, or whose turn it is."""
        entry = min(self._blocked, key=_over)
        if time.monotonic() < _over(entry):
            # A first turn comes before others' second.
            entry = min(self._blocked, key=lambda one: one.turns)
        self._blocked.remove(entry)
        return entry

    def _wait(self, entry: Entry) -> None:
        task, left = Task([entry]), _over(entry) - time.monotonic()
        entry.turns += 1
        blocked = self._do(task, min(max(left, POKE_SECONDS), TURN_SECONDS))
        with self._changed:
            if blocked is None:
                self._freed(entry)
                return
            if time.monotonic() < _over(entry):
                self._blocked.append(entry)
                return
        self._fail([task], blocked.cause)

    def _freed(self, done: Entry) -> None:
        """Try together, in few commits, what was probably blocked by the same transaction."""
        if done.many is None:
            return
        alike = [one for one in self._blocked if one.many == done.many]
        if len(alike) > 1:
            self._blocked = deque(one for one in self._blocked if one.many != done.many)
            self._mixed.append(Task(alike))


def _over(entry: Entry) -> float:
    return (entry.blocked_since or 0.0) + MOST_SECONDS
