"""What a service's library logs while it works for us: nobody sees it, and it tells the status.

Apprise says True or False, and in its log the HTTP status. It logs messages as well, and beneath it
addresses that have tokens in them. What the application wants of its log is no matter here: a
service logs into a logger of ours, which hears it also where nobody listens.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
_LOGGERS: Final = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")

_statuses: ContextVar[list[int] | None] = ContextVar("statuses", default=None)


class Heard(logging.Logger):
    """A service's own logger, apart from all others: notes the statuses, and shows nothing."""

    def __init__(self) -> None:
        super().__init__("apprise")

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name for it
        """Hear what went wrong, however little the application's log wants to know."""
        return level >= logging.WARNING

    def handle(self, record: logging.LogRecord) -> None:
        """Note the statuses that a record tells; it goes no further."""
        noted = _statuses.get()
        if noted is not None:
            noted += [int(status) for status in _STATUS.findall(record.getMessage())]


class Quiet(logging.Filter):
    """Keeps to itself what is logged during our own calls, and leaves all other records alone."""

    def filter(self, _record: logging.LogRecord) -> bool:
        """Let by what is none of ours."""
        return _statuses.get() is None

    def install(self) -> None:
        """Begin to keep quiet."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def remove(self) -> None:
        """Let all be logged again."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)


@contextlib.contextmanager
def listening() -> Iterator[list[int]]:
    """Yield where the statuses are noted that are logged meanwhile, in this context's threads."""
    noted: list[int] = []
    token = _statuses.set(noted)
    try:
        yield noted
    finally:
        _statuses.reset(token)
