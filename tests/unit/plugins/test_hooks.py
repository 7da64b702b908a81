"""A plugin's hooks as a destination of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

import attrs
import pytest

from fulfillment_sdk.hooks.plugin import inspect_plugin
from fulfillment_sdk.models.events import CaseCompleted, StatusChanged
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.plugins.hooks import HookSink, bind_hooks
from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry, RetryPolicy
from tests.unit.plugins.bodies import case_completed, delivery, status_changed, unknown_type


class Both:
    """One plain hook and one async."""

    name = "both"

    def __init__(self, error: BaseException | None = None) -> None:
        self.seen: list[StatusChanged | CaseCompleted] = []
        self._error = error

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self._see(event)

    @hookimpl
    async def fulfillment_case_completed(self, event: CaseCompleted) -> None:
        self._see(event)

    def _see(self, event: StatusChanged | CaseCompleted) -> None:
        if self._error is not None:
            raise self._error
        self.seen.append(event)


async def deliver(plugin: object, body: bytes) -> Outcome:
    outcome = HookSink(inspect_plugin(plugin)).deliver(delivery(body))
    return await outcome if isinstance(outcome, Awaitable) else outcome


async def test_a_status_change_reaches_its_hook_as_a_typed_event() -> None:
    plugin = Both()

    outcome = await deliver(plugin, status_changed())

    assert outcome == Delivered()
    [event] = plugin.seen
    assert isinstance(event, StatusChanged)
    assert (event.case_id, event.new_status, event.sequence) == ("case_1", "submitted", 4)


async def test_a_completion_reaches_its_hook_as_a_typed_event() -> None:
    plugin = Both()

    outcome = await deliver(plugin, case_completed())

    assert outcome == Delivered()
    [event] = plugin.seen
    assert isinstance(event, CaseCompleted)
    assert event.outcome == "positive"


async def test_an_async_hook_is_handed_back_to_be_awaited() -> None:
    plugin = Both()

    pending = HookSink(inspect_plugin(plugin)).deliver(delivery(case_completed()))
    before = list(plugin.seen)

    assert isinstance(pending, Awaitable)
    assert await pending == Delivered()
    assert (len(before), len(plugin.seen)) == (0, 1)


@pytest.mark.parametrize("body", [status_changed(), case_completed()])
@pytest.mark.parametrize("error", [KeyError("Jane Doe"), SystemExit(1), StopIteration()])
async def test_an_exception_is_a_retry_that_names_only_its_type(
    body: bytes, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    if isinstance(error, StopIteration) and b"completed" in body:
        error = RuntimeError("Jane Doe")  # a coroutine can't raise StopIteration

    with caplog.at_level(logging.WARNING):
        outcome = await deliver(Both(error), body)

    assert outcome == Retry(type(error).__name__)
    assert "Jane" not in caplog.text
    assert f"failed on event evt_{2 if b'completed' in body else 1}" in caplog.text
    assert "test_hooks.py:" in caplog.text


async def test_a_panic_of_what_is_no_python_is_a_retry_like_any_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Panic(BaseException): ...

    outcome = await deliver(Both(Panic("Jane Doe")), status_changed())

    assert outcome == Retry("Panic")
    assert "failed on event evt_1: Panic at " in caplog.text


async def test_who_ends_a_delivery_that_is_awaited_ends_it() -> None:
    with pytest.raises(asyncio.CancelledError):
        await deliver(Both(asyncio.CancelledError()), case_completed())


async def test_a_type_that_nobody_knows_is_delivered_without_a_call() -> None:
    plugin = Both()

    assert await deliver(plugin, unknown_type()) == Delivered()
    assert plugin.seen == []


class OnlyCompletions:
    name = "only-completions"

    @hookimpl
    def fulfillment_case_completed(self) -> None:
        """A hook may leave out what it doesn't need."""


async def test_a_type_that_the_plugin_has_no_hook_for_is_delivered_without_a_call() -> None:
    assert await deliver(OnlyCompletions(), status_changed()) == Delivered()


async def test_a_hook_may_leave_out_its_argument() -> None:
    assert await deliver(OnlyCompletions(), case_completed()) == Delivered()


async def test_an_event_that_cannot_be_read_is_rejected() -> None:
    whole = delivery(status_changed())
    broken = attrs.evolve(whole, event=attrs.evolve(whole.event, body=b"{}"))

    outcome = HookSink(inspect_plugin(Both())).deliver(broken)

    assert outcome == Reject("the event can't be read")


def test_each_plugin_is_called_alone() -> None:
    first, second = Both(), Both()
    sink = HookSink(inspect_plugin(first))
    inspect_plugin(second)

    sink.deliver(delivery(status_changed()))

    assert (len(first.seen), len(second.seen)) == (1, 0)


def test_a_plugin_becomes_a_destination_for_the_types_that_it_has_hooks_for() -> None:
    policy = RetryPolicy(schedule=(0, 1))

    bound = bind_hooks(inspect_plugin(OnlyCompletions()), policy)

    assert bound is not None
    destination, _ = bound
    assert destination.name == destination.sink == "only-completions"
    assert destination.types == ("case.completed",)
    assert destination.policy == policy
    assert destination.ordering == "case"


class Observer:
    @hookimpl
    def fulfillment_on_attempt(self) -> None: ...


def test_a_plugin_without_an_event_hook_is_no_destination() -> None:
    assert bind_hooks(inspect_plugin(Observer()), RetryPolicy()) is None
