"""The only way between models and JSON.

Models know their fields (`fulfillment_sdk.models`), this package reads and writes them: scalars are
never silently turned into something else, what can't be read is a `PayloadError` with the path as
the wire names it, and unknown keys are kept in ``raw`` or ``extra``.
"""

from fulfillment_sdk.times import format_seconds, format_time, parse_time
from fulfillment_sdk.wire.codec import dumps, load, to_json
from fulfillment_sdk.wire.events import EVENT_DEPTH, dump_event, load_event, read_event

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
