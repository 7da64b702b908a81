"""Processes that lives are lived in: forked from one that has imported what they need."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerProcess

from .life import Life, live

_CONTEXT = multiprocessing.get_context("forkserver")

PRELOADED = (
    "tests.crash.life",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
    "psycopg",
)


def start(life: Life) -> ForkServerProcess:
    """Begin a life; a hundredth of a second, once the first has begun."""
    _CONTEXT.set_forkserver_preload(list(PRELOADED))
    process = _CONTEXT.Process(target=live, args=(life,))
    process.start()
    return process
