"""One line per event, without personal data: neither messages of errors nor bodies."""

from __future__ import annotations

import json
import logging
import math
import sys
import time
import traceback
from pathlib import PurePath
from types import TracebackType
from typing import TextIO

from fulfillment_sdk.server.configuration.settings import LogFormat
from fulfillment_sdk.server.http import request_at_hand
from fulfillment_sdk.server.observability import mishaps

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_FACTS = "facts"  # a relay's, see `fulfillment_sdk.relay.tables.words.facts`
_OURS = frozenset({"fulfillment_sdk", "uvicorn"})
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/{}*@%")


class LineFormatter(logging.Formatter):
    """Write a record, and what was handed over as `extra`, as one line of `key=value`.

    What is logged while a request is served names its id. Of an exception the kinds and the places
    are written, never its message: that may hold what a partner sent. So may what another package
    fills into its messages (a PDF library names letters of a text, asyncio shows an exception):
    they are written as they are before that, and no further than their first line.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        found = fields(record)
        found.pop(_FACTS, None)  # the message has them
        return " ".join(f"{key}={_quoted(value)}" for key, value in found.items())


class JsonFormatter(logging.Formatter):
    """Write the same as one JSON object a line; numbers stay numbers.

    What a relay's message tells is in fields here as well.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        found = fields(record)
        told = found.pop(_FACTS, None)
        if isinstance(told, dict):
            found = {**told, **found, "message": told.get("message", found["message"])}
        return json.dumps({key: _scalar(value) for key, value in found.items()})


FORMATTERS: dict[LogFormat, type[logging.Formatter]] = {
    "text": LineFormatter,
    "json": JsonFormatter,
}


def fields(record: logging.LogRecord) -> dict[str, object]:
    """Return what a record's line says, by name."""
    found: dict[str, object] = {
        "time": _when(record.created),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _words(record),
    }
    # The names that every line has are not for what is handed over.
    extra = vars(record).items()
    found |= {key: value for key, value in extra if key not in _STANDARD and key not in found}
    if request_at_hand():
        found.setdefault("request_id", request_at_hand())
    if record.exc_info and record.exc_info[0] is not None:
        found["error"] = record.exc_info[0].__name__
        found["at"] = places(record.exc_info[2])
    return found


def places(trace: TracebackType | None) -> str:
    """Name the lines of a traceback, innermost first, as `file.py:12<other.py:3`."""
    frames = traceback.extract_tb(trace)[-8:]
    return "<".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def configure(*, verbose: bool, form: LogFormat = "text", stream: TextIO | None = None) -> None:
    """Send this process's log lines to standard error, or another stream, as text or JSON.

    Of our own lines from INFO on, with `verbose` all; of other packages' from WARNING on.
    """
    handler = mishaps.Handler(stream or sys.stderr)
    handler.setFormatter(FORMATTERS[form]())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("fulfillment_sdk").setLevel(logging.DEBUG if verbose else logging.INFO)
    # uvicorn tells of its own comings and goings, which we tell ourselves, and warns at everything
    # that is no HTTP: whoever reaches the port could fill the disk with that.
    logging.getLogger("uvicorn").setLevel(logging.INFO if verbose else logging.ERROR)


def _when(epoch: float) -> str:
    whole, fraction = divmod(round(epoch * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{fraction:03}Z"


def _quoted(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if text and _PLAIN.issuperset(text) else json.dumps(text)


def _words(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in _OURS:
        return record.getMessage()
    return str(record.msg).partition("\n")[0]


def _scalar(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else str(value)
