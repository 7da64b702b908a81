"""What waits for a commit: one caller's work, or the items of many callers for one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store.future import Outcome, StoreFuture
from fulfillment_sdk.store.transaction import Abandoned, Transaction

Work = Callable[[sa.Connection], Any]
Many = Callable[[sa.Connection, Sequence[Any]], Sequence[Any]]


@attrs.define(eq=False)
class Entry:
    """One caller's write as it is queued.

    Args:
        item: what `many` is given in a list; without `many`, the work itself.
        future: gets the result after the commit.
        many: does the work of all items that are handed over with it.
        blocked_since: when it first met a lock that somebody keeps, by the steady clock.
        turns: how often it has waited for that lock by itself.
    """

    item: Any
    future: StoreFuture[Any]
    many: Many | None = None
    blocked_since: float | None = None
    turns: int = 0


@attrs.frozen(eq=False)
class Task:
    """Entries that are done in one call: one without `many`, or any number with an equal one."""

    entries: list[Entry]

    def run(self, transaction: Transaction) -> list[Outcome]:
        """Return one outcome an entry; where the call for all raises, each is tried alone.

        Raises:
            Abandoned: the transaction is over, and this task is undone with everybody else's.
                (`Blocked` where it was this task that met a lock.)
        """
        together = self._attempt(transaction)
        if isinstance(together, list):
            return together
        if len(self.entries) == 1 or isinstance(together, _WrongLength):
            return [(None, together) for _ in self.entries]
        return [alone.run(transaction)[0] for alone in self.split()]

    def split(self) -> list[Task]:
        """Return one task an entry."""
        return [Task([entry]) for entry in self.entries]

    def halves(self) -> list[Task]:
        """Return two tasks, of which the first may be the one with less."""
        middle = len(self.entries) // 2
        return [Task(self.entries[:middle]), Task(self.entries[middle:])]

    def _attempt(self, transaction: Transaction) -> list[Outcome] | BaseException:
        many, items = self.entries[0].many, [entry.item for entry in self.entries]
        try:
            if many is None:
                return [(transaction.attempt(items[0]), None)]
            return transaction.attempt(lambda connection: _call(many, connection, items))
        except Abandoned:
            raise
        except BaseException as error:  # noqa: BLE001  it belongs to the caller
            return error


class _WrongLength(StoreError):
    """A call for many items returned too few or too many results."""


def grouped(entries: Iterable[Entry]) -> list[Task]:
    """Return tasks in the order of their first entries, each with its entries in their order."""
    tasks: list[Task] = []
    by_many: dict[Many, Task] = {}
    for entry in entries:
        if entry.many is not None and (task := by_many.get(entry.many)) is not None:
            task.entries.append(entry)
            continue
        tasks.append(task := Task([entry]))
        if entry.many is not None:
            by_many[entry.many] = task
    return tasks


def _call(many: Many, connection: sa.Connection, items: list[Any]) -> list[Outcome]:
    results = many(connection, items)
    if len(results) != len(items):
        name = getattr(many, "__qualname__", type(many).__name__)
        raise _WrongLength(f"{name} returned {len(results)} results for {len(items)} items")
    return [(result, None) for result in results]
