"""Plugins hear of attempts, and of what was given up."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import HOOKS
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.plugins.observing import observe_attempt
from fulfillment_sdk.relay import Attempt, DeadLetter

ATTEMPT = Attempt(
    destination="audit",
    event_id="evt_1",
    type="case.completed",
    lane="case_1",
    attempt=10,
    at=5.0,
    seconds=0.1,
    outcome="retry",
    why="HTTP 503",
)


class Panic(BaseException):
    """What an extension raises that is no Python within."""


class Failing:
    name = "failing"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        raise self.error

    @hookimpl
    def fulfillment_on_dead_letter(self, letter: DeadLetter) -> None:
        raise SystemExit


class Watching:
    name = "watching"

    def __init__(self) -> None:
        self.seen: list[Attempt | DeadLetter] = []

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        self.seen.append(attempt)

    @hookimpl
    def fulfillment_on_dead_letter(self, letter: DeadLetter) -> None:
        self.seen.append(letter)


def told(attempt: Attempt, error: BaseException) -> list[Attempt | DeadLetter]:
    plugins, watching = Plugins(), Watching()
    for one in Failing(error), watching:
        plugins.register(one, host="a test", hooks=HOOKS)
    observe_attempt(plugins, attempt)
    return watching.seen


@pytest.mark.parametrize("error", [RuntimeError(), Panic(), asyncio.CancelledError()], ids=repr)
def test_an_observer_that_fails_neither_raises_nor_silences_the_next(
    error: BaseException,
) -> None:
    assert told(ATTEMPT, error) == [ATTEMPT]


def test_a_delivery_that_was_given_up_is_told_after_its_last_attempt() -> None:
    last = attrs.evolve(ATTEMPT, outcome="dead")
    letter = DeadLetter(
        destination="audit",
        event_id="evt_1",
        type="case.completed",
        lane="case_1",
        attempts=10,
        why="HTTP 503",
        at=5.0,
    )
    assert told(last, RuntimeError()) == [last, letter]


def test_nothing_else_is_a_dead_letter() -> None:
    for outcome in "delivered", "disabled":
        assert len(told(attrs.evolve(ATTEMPT, outcome=outcome), RuntimeError())) == 1
