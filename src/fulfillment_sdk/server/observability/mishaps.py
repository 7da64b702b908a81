"""What Python itself writes to standard error, as log lines: kinds and places, never messages.

A thread that died, an end that nobody foresaw, a warning, a line that could not be formatted:
Python shows these with their messages or arguments, which may be what a partner sent.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from pathlib import PurePath
from types import TracebackType
from typing import TextIO

_log = logging.getLogger(__name__)


class Handler(logging.StreamHandler[TextIO]):
    """Writes lines, and of one that can't be written no more than where it came from."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name for it
        """Say that a line is missing; where not even that can be said, nothing."""
        told = logging.LogRecord(
            record.name, logging.ERROR, record.pathname, record.lineno, _MISSING, (), None
        )
        told.at = f"{record.filename}:{record.lineno}"
        try:
            self.stream.write(self.format(told) + self.terminator)
            self.flush()
        except Exception:  # noqa: BLE001, S110  standard error is gone, say
            pass


_MISSING = "a log line could not be written"


def take() -> None:
    """Have this process's mishaps logged; an interrupt by hand stays what it is."""
    sys.excepthook = _ended
    threading.excepthook = _thread_ended
    sys.unraisablehook = _unraisable
    warnings.showwarning = _warned


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log.critical("ended by an error", exc_info=(kind, error, trace))


def _thread_ended(found: threading.ExceptHookArgs) -> None:
    error = found.exc_value or found.exc_type()
    name = found.thread.name if found.thread else ""
    trace = found.exc_traceback
    _log.error(
        "a thread ended by an error",
        extra={"thread_name": name},
        exc_info=(type(error), error, trace),
    )


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    error = found.exc_value or found.exc_type()
    trace = found.exc_traceback
    _log.error("an error that nobody could be told", exc_info=(type(error), error, trace))


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _log.warning("%s at %s:%d", category.__name__, PurePath(filename).name, lineno)
