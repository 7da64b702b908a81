"""How a process hears of another's commits: one way per kind of database.

An ear is opened, asked and closed inside the gate around connections; only `wait` is called outside
of it, and ends early when another thread calls `wake`.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
from typing import Any, Protocol

import sqlalchemy as sa

from fulfillment_sdk.store.announcement import CHANNEL

LOOK_EVERY_SECONDS = 0.01
# How long after its last change a file is read at each look: a commit is written first and seen
# after its fsync, and a file's times are coarse. Later, asking for its time is enough.
ATTENTIVE_SECONDS = 2.0


class Ear(Protocol):
    """What a listening thread needs of a database."""

    def open(self) -> bool:
        """Connect unless that is done; tells whether it was necessary."""

    def heard(self) -> bool:
        """Tell whether there was an announcement since the last call."""

    def wait(self) -> None:
        """Return when it may be worth asking again."""

    def wake(self) -> None:
        """Have `wait` return."""

    def close(self) -> None:
        """Disconnect; it can be opened again."""

    def end(self) -> None:
        """Disconnect for good."""

    def abandon(self) -> None:
        """Let go of what a forked child has of it: no lock can be trusted there."""


class FileEar:
    """Looks at an SQLite file: cheaply whether it changed, and then at its announcements."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: Any = None
        # SQLite puts its log beside the file itself, not beside a symbolic link to it.
        self._log = f"{os.path.realpath(str(engine.url.database))}-wal"
        self._written = 0
        self._seen = (0, 0)
        self._woken = threading.Event()

    def open(self) -> bool:
        """Open the file, and take what was announced until now as heard."""
        if self._connection is not None:
            return False
        self._connection = _connect(self._engine)
        self._seen = (self._pragma("data_version"), self._pragma("user_version"))
        return True

    def heard(self) -> bool:
        """Tell whether an announcement was committed since the last look."""
        version, number = self._seen
        if (changed := self._pragma("data_version")) == version:
            return False
        self._seen = (changed, self._pragma("user_version"))
        return self._seen[1] != number

    def wait(self) -> None:
        """Wait until the file may have changed; no more than asking for its time is done here."""
        while not self._woken.is_set():
            time.sleep(LOOK_EVERY_SECONDS)  # half of what waiting for the event would cost
            try:
                written = os.stat(self._log).st_mtime_ns  # noqa: PTH116  a hundred times a second
            except OSError:
                return
            was, self._written = self._written, written
            if written != was or time.time_ns() - written < ATTENTIVE_SECONDS * 1e9:
                return
        self._woken.clear()

    def wake(self) -> None:
        """Have `wait` return."""
        self._woken.set()

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    end = close

    def abandon(self) -> None:
        """Nothing of it is left after a fork."""

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])


class ServerEar:
    """Listens on a PostgreSQL connection of its own."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: Any = None
        self._pipe: tuple[()] | tuple[int, int] = os.pipe()
        self._pipe_lock = threading.Lock()
        for end in self._pipe:
            os.set_blocking(end, False)

    def open(self) -> bool:
        """Connect and listen."""
        if self._connection is not None:
            return False
        connection = _connect(self._engine)
        try:
            connection.autocommit = True
            connection.execute("SET idle_session_timeout = 0")
            connection.execute(f'LISTEN "{connection.execute(CHANNEL).fetchone()[0]}"')
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return True

    def heard(self) -> bool:
        """Take in what the server has sent; tells whether there were announcements."""
        server = self._connection.pgconn
        server.consume_input()
        heard = False
        while server.notifies() is not None:
            heard = True
        return heard

    def wait(self) -> None:
        """Wait until the server says something or is gone."""
        if not self._pipe:
            return
        reader = self._pipe[0]
        # Another thread may close the connection meanwhile: it wakes us right after that.
        with contextlib.suppress(Exception), selectors.DefaultSelector() as selector:
            selector.register(reader, selectors.EVENT_READ)
            if (connection := self._connection) is not None:
                selector.register(connection, selectors.EVENT_READ)
            selector.select()
        with contextlib.suppress(BlockingIOError):
            os.read(reader, 4096)

    def wake(self) -> None:
        """Have `wait` return."""
        with self._pipe_lock, contextlib.suppress(BlockingIOError):
            if self._pipe:
                os.write(self._pipe[1], b"!")

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def end(self) -> None:
        """Disconnect and let go of the pipe."""
        self.close()
        with self._pipe_lock:
            self.abandon()

    def abandon(self) -> None:
        """Let go of what a fork has copied."""
        pipe, self._pipe = self._pipe, ()
        for end in pipe:
            os.close(end)


def _connect(engine: sa.Engine) -> Any:
    """Return a driver's connection that the pool knows nothing of, set up like all others.

    Without the pool's wrapping: that rolls back as it closes, and logs a traceback where the server
    is gone.
    """
    connection = engine.raw_connection()
    connection.detach()
    return connection.dbapi_connection
