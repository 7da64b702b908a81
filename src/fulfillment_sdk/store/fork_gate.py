"""A gate around the use of connections that a fork waits at.

An SQLite connection that is open while the process forks spoils the file for the child: the child
inherits the library's table of locks without the locks, and what it is told is durable may be
gone when the parent closes. So before a fork whoever uses a connection is waited for, and all
connections are closed; parent and child open new ones.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator


class ForkGate:
    """Lets users of connections through, except while the process forks.

    Args:
        close: closes all connections; called with nobody using one.
        forget: called in the child, before anybody is let through there.
    """

    def __init__(self, *, close: Callable[[], None], forget: Callable[[], None]) -> None:
        self._close = weakref.WeakMethod(close)
        self._forget = weakref.WeakMethod(forget)
        self._changed = threading.Condition()
        self._users: set[int] = set()
        self._forking = False
        _register(weakref.ref(self))

    @contextlib.contextmanager
    def using(self) -> Iterator[None]:
        """Use a connection for as long as the block runs."""
        me = threading.get_ident()
        with self._changed:
            while self._forking:
                self._changed.wait()
            self._users.add(me)
        try:
            yield
        finally:
            with self._changed:
                self._users.discard(me)
                self._changed.notify_all()

    def before(self) -> None:
        """Wait until nobody uses a connection, keep others out, and close all."""
        with self._changed:
            self._forking = True
            while self._users - {threading.get_ident()}:
                self._changed.wait()
            if (close := self._close()) is not None:
                close()

    def in_parent(self) -> None:
        """Go on."""
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def in_child(self) -> None:
        """Begin anew: the other threads are gone, and what they held with them."""
        self._changed = threading.Condition()
        self._users = set()
        self._forking = False
        if (forget := self._forget()) is not None:
            forget()


def _register(reference: weakref.ref[ForkGate]) -> None:
    """Have a gate told of forks for as long as it lives; registering can't be undone."""

    def tell(what: Callable[[ForkGate], None]) -> None:
        gate = reference()
        if gate is not None:
            what(gate)

    os.register_at_fork(
        before=lambda: tell(ForkGate.before),
        after_in_parent=lambda: tell(ForkGate.in_parent),
        after_in_child=lambda: tell(ForkGate.in_child),
    )
