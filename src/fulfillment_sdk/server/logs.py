"""One line per event, `key=value`, without personal data: neither messages of errors nor bodies."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from pathlib import PurePath
from types import TracebackType
from typing import TextIO

from fulfillment_sdk.server.http import request_at_hand

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/{}*@%")


class LineFormatter(logging.Formatter):
    """Write a record, and what was handed over as `extra`, as one line of `key=value`.

    What is logged while a request is served names its id. Of an exception the kinds and the places
    are written, never its message: that may hold what a partner sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        fields: dict[str, object] = {
            "time": _when(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = vars(record).items()
        fields |= {key: value for key, value in extra if key not in _STANDARD}
        if request_at_hand():
            fields.setdefault("request_id", request_at_hand())
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
            fields["at"] = places(record.exc_info[2])
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def places(trace: TracebackType | None) -> str:
    """Name the lines of a traceback, innermost first, as `file.py:12<other.py:3`."""
    frames = traceback.extract_tb(trace)[-8:]
    return "<".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def configure(*, verbose: bool, stream: TextIO | None = None) -> None:
    """Send this process's log lines to standard error, or another stream.

    Of our own lines from INFO on, with `verbose` all; of other packages' from WARNING on.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("fulfillment_sdk").setLevel(logging.DEBUG if verbose else logging.INFO)
    # uvicorn tells of its own comings and goings, which we tell ourselves.
    logging.getLogger("uvicorn").setLevel(logging.INFO if verbose else logging.WARNING)


def _when(epoch: float) -> str:
    whole, fraction = divmod(round(epoch * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{fraction:03}Z"


def _quoted(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if text and _PLAIN.issuperset(text) else json.dumps(text)
