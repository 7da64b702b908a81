"""Listening: a thread that tells of announcements, from this process and from others."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

import sqlalchemy as sa

from fulfillment_sdk.store.ears import Ear, FileEar, ServerEar
from fulfillment_sdk.store.fork_gate import ForkGate

log = logging.getLogger("fulfillment_sdk.store")

SHORTEST_PAUSE_SECONDS = 0.05  # before connecting again
LONGEST_PAUSE_SECONDS = 5.0
_PATIENCE_SECONDS = 1.0


class Listening:
    """Calls `callback()` in its own thread after each announcement, until it is closed.

    Announcements that come close together are one call. There is a call after each connecting too,
    since something may have been missed. A process that forks keeps its listening; the child has
    none of it.

    Args:
        engine: what to connect to.
        gate: entered whenever the connection is used.
        callback: quick; what it raises is logged.
    """

    def __init__(self, engine: sa.Engine, *, gate: ForkGate, callback: Callable[[], None]) -> None:
        self._ear: Ear = FileEar(engine) if engine.dialect.name == "sqlite" else ServerEar(engine)
        self._gate = gate
        self._callback = callback
        self._closed = threading.Event()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="fulfillment-ear", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it: there is no call of `callback` once this returns, but for one still at work.

        In a forked child there is nothing to end.
        """
        if self._pid != os.getpid():
            return
        self._closed.set()
        self._ear.wake()
        # A thread that is connecting to a server that is away ends by itself, later.
        if self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE_SECONDS)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed.is_set()

    def abandon(self) -> None:
        """Leave it to the process that this one was forked from."""
        self._ear.abandon()

    def disconnect(self) -> None:
        """Let go of the connection before a fork, with nobody using it."""
        self._ear.close()
        self._ear.wake()

    def _run(self) -> None:
        pause = SHORTEST_PAUSE_SECONDS
        while not self._closed.is_set():
            try:
                with self._gate.using():
                    heard = self._ear.open() or self._ear.heard()
            except Exception as error:  # noqa: BLE001  whatever it was, we connect again
                log.warning(
                    "listening failed (%s), next try in %.2f s", type(error).__name__, pause
                )
                with self._gate.using():
                    self._ear.close()
                self._closed.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            pause = SHORTEST_PAUSE_SECONDS
            if heard and not self._closed.is_set():
                self._tell()
            self._ear.wait()
        with self._gate.using():
            self._ear.end()

    def _tell(self) -> None:
        try:
            self._callback()
        except Exception as error:  # noqa: BLE001  it must not end the thread
            log.error("what listens for announcements raised %s", type(error).__name__)
