"""Long lists in pages: what is wanted of them, and cursors that say where the next page begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.tables.event_rows import is_storable

T = TypeVar("T")
Key = tuple[float, ...]  # where a row stands in the order of its list

USUAL = 1_000
"""Entries of a page, where the caller doesn't say."""

MOST_EXAMINED = 10_000
"""Rows that one page looks at: where a filter matches few, it comes back short, with a cursor."""

_LEAST_CHUNK = 100
_MOST_CHUNK = 500
_BIGGEST = 2**63

# What the numbers of each kind of cursor are; `f` for a time, `i` for all the others.
_KINDS = {
    "p": "iiii",  # pending: destination, lane, position, event
    "d": "ii",  # dead: destination, event
    "s": "fii",  # dead since: time, destination, event
    "a": "i",  # attempts: number
    "t": "fi",  # attempts since: time, number
    "e": "ii",  # attempts of some events: event, number
    "q": "i",  # quarantine: number
    "r": "ifi",  # replay: destination, time, event
    "f": "ii",  # feed: position, and what tells its event from another one
}


def _storable(_filter: Filter, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, str) and not is_storable(value):
        raise ValueError(f"A filter's {field.name} must be text without NUL and lone surrogates")


def _field(*types: type[object]) -> Any:
    of_them = attrs.validators.and_(attrs.validators.instance_of(types), _storable)
    return attrs.field(default=None, validator=attrs.validators.optional(of_them))


@attrs.frozen(kw_only=True)
class Filter:
    """Which entries are wanted; what is left out is not looked at.

    Args:
        destination: its name.
        owner: whose events.
        lane: the case's id.
        type: the events' type.
        since: epoch seconds; what happened then or later.

    Raises:
        ValueError: it is a text that no database takes.
    """

    destination: str | None = _field(str)
    owner: str | None = _field(str)
    lane: str | None = _field(str)
    type: str | None = _field(str)
    since: float | None = _field(int, float)


EVERYTHING = Filter()


def checked_filter(wanted: object) -> Filter:
    """Return the filter that a caller gave, or the one for everything.

    Raises:
        TypeError: it is something else, a destination's name perhaps.
    """
    if wanted is None:
        return EVERYTHING
    if not isinstance(wanted, Filter):
        raise TypeError(
            f"a list takes a Filter, such as Filter(destination='…'), not {type(wanted).__name__}"
        )
    return wanted


class Page(list[T], Generic[T]):
    """Some entries of a list; `next` is the `after` of the page behind it, None at the end.

    A page may be shorter than its limit, even empty, and still have a `next`.
    """

    def __init__(self, entries: Sequence[T] = (), next: str | None = None) -> None:
        super().__init__(entries)
        self.next = next


def write_cursor(kind: str, key: Key) -> str:
    """Return the text of a cursor, fit for a URL."""
    return "_".join([kind, *(repr(number) for number in key)])


def read_cursor(text: str | None, kinds: str) -> tuple[str, Key] | None:
    """Return a cursor's kind and key; None for no cursor.

    Raises:
        ValueError: it is not one that a list of one of these kinds gave out.
    """
    if text is None:
        return None
    kind, *numbers = text.split("_")
    shape = _KINDS.get(kind, "")
    if kind not in set(kinds) or len(numbers) != len(shape):
        raise ValueError("this cursor is not one of this list")
    key = tuple(
        float(number) if sort == "f" else int(number)
        for number, sort in zip(numbers, shape, strict=True)
    )
    if not all(math.isfinite(number) and -_BIGGEST <= number < _BIGGEST for number in key):
        raise ValueError("this cursor is not one of this list")
    return kind, key


def behind(key: Key | None, *columns: sa.Column[Any]) -> Sequence[sa.ColumnElement[bool]]:
    """Return the condition that a row stands behind `key`, in the order of `columns`."""
    if key is None:
        return ()
    if len(columns) == 1:
        return (columns[0] > key[0],)
    # The first column alone as well: an index on just that one is then of use.
    place = [sa.literal(one, column.type) for one, column in zip(key, columns, strict=True)]
    return (columns[0] >= key[0], sa.tuple_(*columns) > sa.tuple_(*place))


def collect(
    read: Callable[[Key | None, int], Sequence[sa.Row[Any]]],
    show: Callable[[Sequence[sa.Row[Any]]], Sequence[T | None]],
    key_of: Callable[[sa.Row[Any]], Key],
    *,
    after: Key | None,
    limit: int,
) -> tuple[list[T], Key | None]:
    """Read on behind `after` until there are `limit` entries, or enough was looked at.

    Args:
        read: returns so many rows behind a key, in order.
        show: returns each row's entry, or None where it isn't wanted.
        key_of: a row's place in the order.

    Returns:
        the entries, and the key behind which to go on; None at the end.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    chunk = min(max(limit + 1, _LEAST_CHUNK), _MOST_CHUNK)
    found: list[T] = []
    for _ in range(0, MOST_EXAMINED, chunk):
        rows = read(after, chunk)
        for place, (row, entry) in enumerate(zip(rows, show(rows), strict=True), 1):
            after = key_of(row)
            if entry is not None:
                found.append(entry)
            if len(found) == limit:
                more = place < len(rows) or len(rows) == chunk
                return found, after if more else None
        if len(rows) < chunk:
            return found, None
    return found, after
