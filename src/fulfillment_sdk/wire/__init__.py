"""The only way between models and JSON.

Models know their fields (`fulfillment_sdk.models`), this package reads and writes them: scalars are
never silently turned into something else, what can't be read is a `PayloadError` with the path as
the wire names it, and unknown keys are kept in ``raw`` or ``extra``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fulfillment_sdk._exports import exports
from fulfillment_sdk.times import format_seconds, format_time, parse_time

if TYPE_CHECKING:
    from fulfillment_sdk.wire.events import EVENT_DEPTH, dump_event, load_event, read_event
    from fulfillment_sdk.wire.reading import load
    from fulfillment_sdk.wire.writing import dumps, to_json

__all__ = [
    "EVENT_DEPTH",
    "dump_event",
    "dumps",
    "format_seconds",
    "format_time",
    "load",
    "load_event",
    "parse_time",
    "read_event",
    "to_json",
]

_HOMES: Final = {
    "EVENT_DEPTH": "events",
    "dump_event": "events",
    "dumps": "writing",
    "load": "reading",
    "load_event": "events",
    "read_event": "events",
    "to_json": "writing",
}

if not TYPE_CHECKING:  # else a type checker would take any name for one of ours
    __getattr__, __dir__ = exports(__name__, __all__, _HOMES)
