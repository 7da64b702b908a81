"""One course of events, run in a thread or in a loop with the same end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fulfillment_sdk.receiver.steps import Steps, run_here, run_in_loop
from fulfillment_sdk.store import StoreFuture

Run = Callable[[Steps[str]], str]


def _in_loop(steps: Steps[str]) -> str:
    return asyncio.run(run_in_loop(steps, seconds=0.01))


@pytest.fixture(params=["here", "in a loop"])
def run(request: pytest.FixtureRequest) -> Run:
    return _in_loop if request.param == "in a loop" else lambda s: run_here(s, seconds=0.01)


def done(value: object = None, error: Exception | None = None) -> StoreFuture[Any]:
    future: StoreFuture[Any] = StoreFuture()
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
    return future


def test_a_course_gets_the_results_that_it_waits_for(run: Run) -> None:
    def course() -> Steps[str]:
        first = yield done("a")
        second = yield done("b")
        return f"{first}{second}"

    assert run(course()) == "ab"


def test_a_course_without_a_step_just_ends(run: Run) -> None:
    def course() -> Steps[str]:
        yield from ()
        return "end"

    assert run(course()) == "end"


def test_a_course_can_catch_what_a_step_raises_and_go_on(run: Run) -> None:
    def course() -> Steps[str]:
        try:
            yield done(error=ValueError("no"))
        except ValueError:
            other = yield done("other way")
            return str(other)
        return "never"

    assert run(course()) == "other way"


def test_what_a_course_does_not_catch_is_raised(run: Run) -> None:
    def course() -> Steps[str]:
        yield done(error=ValueError("no"))
        return "never"

    with pytest.raises(ValueError, match="no"):
        run(course())


def test_a_step_that_takes_too_long_is_cancelled(run: Run) -> None:
    never: StoreFuture[Any] = StoreFuture()

    def course() -> Steps[str]:
        try:
            yield never
        except TimeoutError:
            return "too long"
        return "never"

    assert run(course()) == "too long"
    assert never.cancelled()
