"""The relay of each process, opened with its first use there: a server may fork before it."""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
import weakref
from collections.abc import Callable

from fulfillment_sdk.relay import Relay
from fulfillment_sdk.relay.dispatching.loop_thread import LONGEST_START


class PerProcess:
    """Holds one relay for the process that asks.

    A forked child inherits the parent's relay without its threads. It must not use that one, and
    must not let go of it either, which would close the parent's files: it keeps it aside and opens
    its own.

    Args:
        make: opens a relay.
        dispatch: whether it dispatches in this process; if not, it is just open.
        before_close: called with the relay that is about to be closed.
        steady: seconds since whenever, never going back.
    """

    def __init__(
        self,
        make: Callable[[], Relay],
        *,
        dispatch: bool = True,
        before_close: Callable[[Relay], None] = lambda relay: None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._dispatch = dispatch
        self._before_close = before_close
        self._steady = steady
        self._rests_until = -math.inf
        self._current: tuple[int, Relay] | None = None
        self._inherited: list[Relay] = []
        # A lock that another thread held at the time of the fork stays locked in the child for
        # good.
        self._gates: dict[int, threading.Lock] = {}
        self._stops_at_exit_of = 0

    @property
    def relay(self) -> Relay | None:
        """This process's relay, or None where it is not open."""
        current = self._current
        return current[1] if current is not None and current[0] == os.getpid() else None

    @property
    def is_started(self) -> bool:
        """Whether this process dispatches, or stands by to; where it never does, accepts."""
        relay = self.relay
        return relay is not None and (relay.is_dispatching or not self._dispatch)

    def open(self) -> Relay:
        """Return this process's relay, opened if need be; raises what opening raises."""
        with self._gate():
            return self._open()

    def start(self) -> None:
        """Open the relay and dispatch from a thread, if it should; once started, do nothing."""
        with self._gate():
            self._start(patience=LONGEST_START)

    def ensure_started(self, *, patience: float, rest: float) -> None:
        """Start as `start` does, unless that has just failed; raises what opening raises.

        A database that does not answer costs seconds each time: those who waited for one that tried
        in vain don't try behind it.

        Args:
            patience: seconds to wait for the sinks to open.
            rest: seconds after a failure in which nobody tries.
        """
        if self.is_started or self._is_resting():
            return
        with self._gate():
            if self._is_resting():
                return
            try:
                self._start(patience=patience)
            except Exception:
                self._rests_until = self._steady() + rest
                raise

    def _is_resting(self) -> bool:
        return self._steady() < self._rests_until

    def stop(self) -> None:
        """Finish what is in hand, and close the relay; it may be opened anew."""
        with self._gate():
            relay, self._current = self.relay, None
            if relay is not None:
                self._before_close(relay)
                relay.close()

    def _gate(self) -> threading.Lock:
        return self._gates.setdefault(os.getpid(), threading.Lock())

    def _start(self, *, patience: float) -> None:
        relay = self._open()
        if self._dispatch and not relay.is_dispatching:
            relay.start(patience=patience)

    def _open(self) -> Relay:
        if self.relay is not None:
            return self.relay
        if self._current is not None:
            self._inherited.append(self._current[1])
        relay = self._make()
        self._current = (os.getpid(), relay)
        if self._stops_at_exit_of != os.getpid():
            # Servers end a worker without telling the application. What is in hand then is
            # finished, so that it is not delivered twice.
            self._stops_at_exit_of = os.getpid()
            atexit.register(_stop, weakref.ref(self), os.getpid())
        return relay


def _stop(reference: weakref.ref[PerProcess], pid: int) -> None:
    process = reference()
    if process is not None and pid == os.getpid():
        process.stop()
