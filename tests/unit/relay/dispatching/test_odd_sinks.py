"""Whatever a sink answers or raises is an outcome that is recorded, and tried again later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Event, Outcome, Reject, Retry
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads, call_sink
from tests.unit.relay.conftest import START, Bench, event

Make = Callable[..., Bench]

DELIVERY = Delivery(event=Event("e1", "t", "c", 1, b"{}"), destination="d", attempt=1)


class Sink:
    """Answers what it was given, raises it, or calls it."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def deliver(self, _delivery: Delivery) -> Outcome:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return await self._answer() if callable(self._answer) else self._answer  # type: ignore[no-any-return]


class Plain:
    """The same in a thread."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def deliver(self, _delivery: Delivery) -> Outcome:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer  # type: ignore[no-any-return]


async def outcome_of(sink: Sink | Plain) -> Outcome:
    threads = DaemonThreads(1, "sink-d")
    try:
        return await call_sink(sink, DELIVERY, seconds=5, threads=threads, is_over=lambda: False)
    finally:
        threads.close()


class Secretive:
    """A field's value whose text is none for a record."""

    def __str__(self) -> str:
        return "Jane Smith"


class Own(Delivered):
    """A host's own kind of outcome."""


@pytest.mark.parametrize(
    ("odd", "tidy"),
    [
        (Delivered(None), Delivered("")),  # type: ignore[arg-type]
        (Retry(None), Retry("")),  # type: ignore[arg-type]
        (Reject(None), Reject("")),  # type: ignore[arg-type]
        (Reject("gone", disable=1), Reject("gone", disable=True)),  # type: ignore[arg-type]
        (Retry(b"x"), Retry("x")),  # type: ignore[arg-type]
        (Retry(503), Retry("503")),  # type: ignore[arg-type]
        (Retry(Secretive()), Retry("Secretive")),  # type: ignore[arg-type]
        (Retry("x", after="5"), Retry("x")),  # type: ignore[arg-type]
        (Retry("x", after=float("nan")), Retry("x")),
        (Retry("x", after=float("inf")), Retry("x")),
        (Retry("x", after=10**400), Retry("x")),
        (Retry("x", after=5), Retry("x", after=5.0)),
        (Own("mine"), Delivered("mine")),
    ],
)
async def test_an_outcomes_fields_become_what_they_are_declared_to_be(
    odd: Outcome, tidy: Outcome
) -> None:
    assert await outcome_of(Sink(odd)) == tidy
    assert await outcome_of(Plain(odd)) == tidy


async def awaits_what_it_cancelled() -> Outcome:
    task = asyncio.ensure_future(asyncio.sleep(10))
    task.cancel()
    await task
    return Delivered()


@pytest.mark.parametrize("answer", [asyncio.CancelledError(), awaits_what_it_cancelled])
async def test_a_cancellation_of_the_sinks_own_is_a_retry(answer: object) -> None:
    assert await outcome_of(Sink(answer)) == Retry("CancelledError raised by the sink")


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_async_sink_that_exits_ends_nothing_but_its_try(kind: type[BaseException]) -> None:
    found: list[Outcome] = []
    thread = threading.Thread(
        target=lambda: found.append(asyncio.run(outcome_of(Sink(kind())))), name="relay"
    )
    thread.start()
    thread.join(10)

    assert found == [Retry(f"{kind.__name__} raised by the sink")]


@pytest.mark.parametrize("kind", [StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_a_plain_sink_that_raises_what_a_future_cannot_hold_is_told_at_once_by_its_type(
    kind: type[BaseException],
) -> None:
    async with asyncio.timeout(4):
        assert await outcome_of(Plain(kind())) == Retry(f"{kind.__name__} raised by the sink")


@pytest.mark.parametrize(
    "answer",
    [Retry(None), Retry("x", after="5"), Retry(b"x"), asyncio.CancelledError()],  # type: ignore[arg-type]
)
async def test_an_odd_answer_is_recorded_and_waits_like_any_other(
    make: Make, answer: Outcome | BaseException
) -> None:
    bench = make()

    async def odd(_delivery: Delivery) -> Outcome:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    bench.sink.script["e1"] = [odd]
    bench.accept(event("e1"))
    await bench.turn()

    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.due_at) == (1, START + 5)
    assert [one.outcome for one in bench.relay.attempts(event_id="e1").result()] == ["retry"]


@pytest.mark.parametrize("error", [LookupError("Jane"), asyncio.CancelledError()])
async def test_a_turn_that_breaks_off_counts_as_a_failed_try(
    make: Make, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    async def breaks(*_args: object, **_more: object) -> Outcome:
        raise error

    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.crew.call_sink", breaks)
    bench = make()
    bench.accept(event("e1"))
    await bench.turn()

    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.due_at) == (1, START + 5)
    assert waiting.why == f"broken off by {type(error).__name__}"
    assert [one.attempt for one in bench.attempts] == [1]
