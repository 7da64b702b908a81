"""What a service's library logs while it works for us: nobody sees it, and it tells the status.

Apprise says True or False, and in its log the HTTP status. It logs messages as well, and beneath it
addresses that have tokens in them.
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


class Quiet(logging.Filter):
    """Keeps to itself what is logged during our own calls, and leaves all other records alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Note the status that a record of ours tells, and let it go no further."""
        noted = _statuses.get()
        if noted is None:
            return True
        if record.name.startswith("apprise"):
            noted += [int(status) for status in _STATUS.findall(record.getMessage())]
        return False

    def install(self) -> None:
        """Begin to listen."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def remove(self) -> None:
        """Listen no more."""
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
