"""How a point of an event's way is reached, at which a process is killed.

The product has no switch for this: its functions, its statements and its commits are wrapped in
the process that is to die there.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, Literal

import attrs
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from fulfillment_sdk.store.task import Task

Side = Literal["before", "after"]


class Fuse:
    """Kills this process when it comes to a point for the n-th time; nothing is flushed.

    Args:
        point: the name; None for a process that is to live.
        hits: which time.
    """

    def __init__(self, point: str | None, hits: int) -> None:
        self._point = point
        self._left = hits
        self._gate = threading.Lock()

    def reached(self) -> None:
        """Count a hit of the point that was laid."""
        with self._gate:
            self._left -= 1
            if self._left == 0:
                _die()

    def at(self, point: str) -> None:
        """Count a hit of a point that the test's own code reaches."""
        if point == self._point:
            self.reached()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()  # in this thread nothing more happens until then


@attrs.frozen
class Here:
    """A point that the test's own sinks and producers come to."""

    def lay(self, fuse: Fuse) -> None:
        """There is nothing to wrap."""


@attrs.frozen
class Calling:
    """Before or after the call of a function of the relay."""

    module: str
    function: str
    side: Side

    def lay(self, fuse: Fuse) -> None:
        """Wrap the function."""

        def around(call: Callable[[], Any]) -> Any:
            if self.side == "before":
                fuse.reached()
            result = call()
            if self.side == "after":
                fuse.reached()
            return result

        wrap(*place_of(self.module, self.function), around)


@attrs.frozen
class Running:
    """Just before a statement that contains some words runs, in the midst of a transaction."""

    words: str

    def lay(self, fuse: Fuse) -> None:
        """Listen to the statements of all engines."""

        def look(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            if self.words in statement:
                fuse.reached()

        sa.event.listen(sa.Engine, "before_cursor_execute", look)


_STEPS = {
    "accept": ("fulfillment_sdk.relay.accepting", "accept_many"),
    "claim": ("fulfillment_sdk.relay.dispatching.picker", "claim"),
    "settle": ("fulfillment_sdk.relay.dispatching.settling", "settle_many"),
    "renew": ("fulfillment_sdk.relay.dispatching.renewal", "renew"),
    "end leases": ("fulfillment_sdk.relay.dispatching.dispatcher", "end_leases"),
    "replay": ("fulfillment_sdk.relay.upkeep.replay", "line_up_again"),
    "sweep attempts": ("fulfillment_sdk.relay.upkeep.retention", "remove_attempts"),
    "sweep events": ("fulfillment_sdk.relay.upkeep.retention", "remove_events"),
}


class _Steps(threading.local):
    """What the transaction of this thread has done so far."""

    def __init__(self) -> None:
        self.done: set[str] = set()

    def watch(self) -> None:
        """Note each step that changed something."""
        for step, (module, function) in _STEPS.items():

            def around(call: Callable[[], Any], step: str = step) -> Any:
                result = call()
                if result is None or result:
                    self.done.add(step)
                return result

            wrap(*place_of(module, function), around)

        def undone(call: Callable[[], Any]) -> Any:
            self.done.clear()
            return call()

        wrap(DefaultDialect, "do_rollback", undone)


@attrs.frozen
class Committing:
    """Before or after the COMMIT of a transaction with this step in it.

    After it, nobody has been told of it yet. With `once`, only when that function was called.
    """

    step: str
    side: Side
    once: tuple[str, str] | None = None

    def lay(self, fuse: Fuse) -> None:
        """Wrap the steps, and the driver's commit."""
        steps = _Steps()
        steps.watch()
        armed = threading.Event()

        def arming(call: Callable[[], Any]) -> Any:
            result = call()
            armed.set()
            return result

        if self.once is None:
            armed.set()
        else:
            wrap(*place_of(*self.once), arming)

        def around(call: Callable[[], Any]) -> Any:
            done, steps.done = steps.done, set()
            counts = self.step in done and armed.is_set()
            if counts and self.side == "before":
                fuse.reached()
            result = call()
            if counts and self.side == "after":
                fuse.reached()
            return result

        wrap(DefaultDialect, "do_commit", around)


@attrs.frozen
class BetweenWrites:
    """In a group commit: after one caller's write, before another one's."""

    def lay(self, fuse: Fuse) -> None:
        """Wrap the writes."""
        steps = _Steps()
        steps.watch()

        def around(call: Callable[[], Any]) -> Any:
            if steps.done:
                fuse.reached()
            return call()

        def committed(call: Callable[[], Any]) -> Any:
            steps.done.clear()
            return call()

        wrap(Task, "run", around)
        wrap(DefaultDialect, "do_commit", committed)


def place_of(module: str, function: str) -> tuple[Any, str]:
    """Return what a function, or a class's, is an attribute of, and its name there."""
    owner: Any = importlib.import_module(module)
    *path, name = function.split(".")
    for part in path:
        owner = getattr(owner, part)
    return owner, name


def wrap(owner: Any, name: str, around: Callable[[Callable[[], Any]], Any]) -> None:
    """Put `around(call)` in the place of a function."""
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        return around(lambda: function(*arguments, **options))

    setattr(owner, name, wrapper)
