"""What a host notes about an event, kept beside its bytes, and which events it keeps back."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.rows import Change

MOST_CHARACTERS = 1000
"""Of all notes of an event together, as JSON."""

_NONE: Mapping[str, str] = MappingProxyType({})
_KNOWN_TEXTS = 256  # they are few words, again and again


def written(notes: Mapping[str, str]) -> str:
    """Return notes as they are stored; ASCII, so that any database takes them.

    Raises:
        ValueError: they are no texts, or too long; none of them is repeated there.
    """
    if not all(isinstance(one, str) for pair in notes.items() for one in pair):
        raise ValueError("An event's notes must be texts")
    text = json.dumps(dict(notes), separators=(",", ":"))
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"An event's notes must be at most {MOST_CHARACTERS} characters as JSON")
    return text


def read(text: str | None) -> Mapping[str, str]:
    """Return notes from how they are stored."""
    return _NONE if text is None else _parsed(text)


def keep(connection: sa.Connection, notes: Sequence[tuple[int, Mapping[str, str]]]) -> None:
    """Put notes beside events that go out, by their numbers, in place of earlier ones."""
    rows = [(written(its) if its else None, number) for number, its in sorted(notes, key=_number)]
    _KEEP.run(connection, rows)


def keep_back(connection: sa.Connection, numbers: Iterable[int]) -> None:
    """Mark events as kept back: no replay is to send them."""
    _KEEP_BACK.run(connection, [(number,) for number in sorted(numbers)])


@functools.lru_cache(maxsize=_KNOWN_TEXTS)
def _parsed(text: str) -> Mapping[str, str]:
    return MappingProxyType(json.loads(text))


def _number(pair: tuple[int, Mapping[str, str]]) -> int:
    return pair[0]


_KEEP = Change(
    {"notes": "text", "id": "int8"},
    sqlite="UPDATE relay_events SET notes = ?, kept_back = NULL WHERE id = ?",
    postgresql="""
    UPDATE relay_events AS e SET notes = given.notes, kept_back = NULL
    FROM given WHERE e.id = given.id
    """,
)
_KEEP_BACK = Change(
    {"id": "int8"},
    sqlite="UPDATE relay_events SET kept_back = 1 WHERE id = ?",
    postgresql="UPDATE relay_events AS e SET kept_back = 1 FROM given WHERE e.id = given.id",
)
