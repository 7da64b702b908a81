"""Trying a configured sink: it is made, opened, maybe handed an event, and closed."""

from __future__ import annotations

import asyncio
import inspect
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Literal, TypeVar

import attrs

from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Destination,
    Event,
    Reject,
    Retry,
    RetryPolicy,
    Sink,
)
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads, NoDescriptor, call_sink

T = TypeVar("T")

Verdict = Literal["ready", "delivered", "retry", "rejected", "wrong", "off"]

PATIENCE_SECONDS: Final = 10.0
"""How long a sink may take to open, and to close."""

LAST_SECONDS: Final = 1.0
"""How long one that is cancelled then may take to end."""

_TIMEOUT: Final = 30.0  # where a table says none, or none that it may
_ENDING_SECONDS: Final = 8.0  # of its loop, with what is left in there

LOOK: Final = "Look at its settings, and whether what it leads to is there."

MakeEvent = Callable[[Destination], Event]
"""Makes the event that a destination is tried with."""


@attrs.frozen(kw_only=True)
class Trial:
    """What came of trying a sink.

    Args:
        verdict: `ready` where it was opened and closed again; `delivered`, `retry` and `rejected`
            are what it said to the event; `wrong` where it did not come to that; `off` where it
            was not tried, being switched off.
        name: the sink's.
        kind: its kind, "" where its table has none.
        words: what there is to say of that: no value of a setting, and nothing of an event.
        remedy: what to do.
        seconds: how long it took to deliver.
    """

    verdict: Verdict
    name: str = ""
    kind: str = ""
    words: str = ""
    remedy: str = ""
    seconds: float | None = None

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to be done."""
        return self.verdict in ("ready", "delivered", "off")


async def try_sink(
    kinds: SinkKinds,
    name: str,
    table: Mapping[str, object],
    *,
    make_event: MakeEvent | None = None,
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.time,
) -> Trial:
    """Try the sink that the table `sinks.<name>` asks for; never raises.

    Args:
        kinds: every kind on offer.
        name: the sink's.
        table: what the configuration says of it.
        make_event: makes the event that it is to deliver; None to open and close it alone.
        patience: seconds for it to open, and to close.
        clock: epoch seconds.
    """
    word = table.get("kind")
    try:
        destination, sink = kinds.bind(name, table, RetryPolicy())
    except FulfillmentError as error:
        came = Trial(verdict="wrong", words=error.message, remedy=error.remedy or LOOK)
    else:
        came = await _tried(destination, sink, make_event, patience, clock)
    return attrs.evolve(came, name=name, kind=word if isinstance(word, str) else "")


def longest(table: Mapping[str, object], *, delivers: bool) -> float:
    """Return how many seconds a trial with the table takes at most, unless the sink blocks it."""
    said = table.get("timeout")
    timeout = float(said) if isinstance(said, int | float) else _TIMEOUT
    delivering = timeout + 2 * LAST_SECONDS if delivers else 0.0
    return 2 * (PATIENCE_SECONDS + LAST_SECONDS) + delivering + _ENDING_SECONDS


async def _tried(
    destination: Destination,
    sink: Sink,
    make_event: MakeEvent | None,
    patience: float,
    clock: Callable[[], float],
) -> Trial:
    threads = DaemonThreads(1, f"sink-{destination.name}")
    came = await _call(sink, "open", threads, patience)
    if came is None and make_event is not None:
        delivery = Delivery(
            event=make_event(destination),
            destination=destination.name,
            attempt=1,
            accepted_at=clock(),
        )
        came = await _deliver(sink, delivery, threads, destination.timeout)
    closed = await _call(sink, "close", threads, patience)
    threads.close()
    if came is None or came.is_well:
        came = closed or came
    return came or Trial(verdict="ready")


async def _deliver(sink: Sink, delivery: Delivery, threads: DaemonThreads, seconds: float) -> Trial:
    trying = call_sink(sink, delivery, seconds=seconds, threads=threads, is_over=lambda: False)
    begun = time.monotonic()
    outcome, error = await _within(seconds + LAST_SECONDS, trying)
    took = time.monotonic() - begun
    if isinstance(outcome, Delivered):
        return Trial(verdict="delivered", words=outcome.note, seconds=took)
    if isinstance(outcome, Retry | Reject):
        verdict: Verdict = "rejected" if isinstance(outcome, Reject) else "retry"
        return Trial(verdict=verdict, words=outcome.why, remedy=LOOK, seconds=took)
    why, remedy = _told(error or _TooLong(), seconds)
    return Trial(verdict="wrong", words=f"it does not deliver: {why}", remedy=remedy)


async def _call(
    sink: Sink, method: Literal["open", "close"], threads: DaemonThreads, patience: float
) -> Trial | None:
    """Call a sink's method, if it has it; return what went wrong, None where nothing did."""
    function = getattr(sink, method, None)
    if function is None:
        return None

    async def call() -> None:
        if inspect.iscoroutinefunction(function):
            await function()
        else:
            result = await threads.call(function, even_late=method == "close")
            if inspect.isawaitable(result):
                await result

    _, error = await _within(patience, call())
    if error is None:
        return None
    why, remedy = _told(error, patience)
    return Trial(verdict="wrong", words=f"it does not {method}: {why}", remedy=remedy)


class _TooLong(Exception):
    """Nobody waits any longer."""


async def _within(
    seconds: float, doing: Coroutine[Any, Any, T]
) -> tuple[T | None, BaseException | None]:
    """Return what a stranger's code returns or raises, whatever that is; or `_TooLong`.

    What does not let itself be cancelled either is left behind.
    """

    async def guarded() -> tuple[T | None, BaseException | None]:
        try:
            return await doing, None
        except BaseException as error:  # noqa: BLE001  a wish to exit would end the whole loop
            return None, error

    task = asyncio.create_task(guarded())
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if done:
        return (None, asyncio.CancelledError()) if task.cancelled() else task.result()
    task.cancel()
    await asyncio.wait({task}, timeout=LAST_SECONDS)
    return None, _TooLong()


def _told(error: BaseException, patience: float) -> tuple[str, str]:
    """What may be told of an error, and what to do: our words and the system's, and no other's."""
    if isinstance(error, FulfillmentError):
        return error.message, error.remedy or LOOK
    if isinstance(error, _TooLong):
        return f"no answer within {patience:g} s", LOOK
    if isinstance(error, NoDescriptor):
        return "this process can open no file more", LOOK
    kind = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        what = f" ({error.filename})" if isinstance(error.filename, str) else ""
        return f"{kind}: {error.strerror}{what}", LOOK
    code = _code(error)
    return (f"{kind} ({code})" if code else kind), LOOK


def _code(error: BaseException) -> str | None:
    """The code by which a database's error is known, as its driver has it."""
    of_driver = getattr(error, "orig", error)
    codes = (getattr(of_driver, name, None) for name in ("sqlstate", "sqlite_errorname"))
    return next(
        (one for one in codes if isinstance(one, str) and re.fullmatch(r"\w{1,40}", one)), None
    )
