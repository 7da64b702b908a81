"""What a receiver has taken in reaches its plugins and sinks, in order and each alone."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.models.events import StatusChanged
from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.relay import Attempt, Delivered, Delivery, Event, Outcome, RetryPolicy
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import Box, Inbox, MakeReceiver, signed

BODY = status_changed()
AT_ONCE = RetryPolicy(schedule=(0, 0, 0), jitter=0)


def test_a_plugin_gets_the_typed_event(make_receiver: MakeReceiver) -> None:
    inbox = Inbox()

    make_receiver(inbox).handle("POST", signed(BODY), BODY)

    event = inbox.take()
    assert (event.id, event.case_id, event.new_status) == ("evt_1", "case_1", "submitted")


def test_events_of_a_case_arrive_in_order(make_receiver: MakeReceiver) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox)

    for number in range(1, 7):
        body = status_changed(f"evt_{number}", sequence=number)
        receiver.handle("POST", signed(body, event_id=f"evt_{number}"), body)

    assert [inbox.take().sequence for _ in range(6)] == [1, 2, 3, 4, 5, 6]


@attrs.define
class Failing:
    name: str = "failing"
    calls: int = 0

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self.calls += 1
        if self.calls < 3:
            raise RuntimeError("not yet")


def test_a_plugin_that_raises_is_called_again_and_holds_up_no_other(
    make_receiver: MakeReceiver,
) -> None:
    failing, inbox = Failing(), Inbox()
    attempts = Attempts(until=4)
    receiver = make_receiver(failing, inbox, attempts, policy=AT_ONCE)

    reply = receiver.handle("POST", signed(BODY), BODY)

    assert reply.status == 202
    assert inbox.take().id == "evt_1"
    assert sorted((seen.destination, seen.attempt, seen.outcome) for seen in attempts.wait()) == [
        ("failing", 1, "retry"),
        ("failing", 2, "retry"),
        ("failing", 3, "delivered"),
        ("inbox", 1, "delivered"),
    ]


class Attempts:
    """A plugin that observes."""

    name = "attempts"

    def __init__(self, until: int) -> None:
        self._seen = Box[Attempt]()
        self._until = until

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        self._seen.put(attempt)

    def wait(self) -> list[Attempt]:
        return [self._seen.take() for _ in range(self._until)]


async def test_an_async_hook_runs_in_the_host_s_loop_if_the_host_asks_for_it(
    make_receiver: MakeReceiver,
) -> None:
    seen: asyncio.Queue[tuple[str, asyncio.AbstractEventLoop]] = asyncio.Queue()

    class Async:
        @hookimpl
        async def fulfillment_status_changed(self, event: StatusChanged) -> None:
            seen.put_nowait((event.id, asyncio.get_running_loop()))

    async with make_receiver(Async()).running() as receiver:
        await receiver.handle_async("POST", signed(BODY), BODY)
        async with asyncio.timeout(20):
            event_id, loop = await seen.get()

    assert event_id == "evt_1"
    assert loop is asyncio.get_running_loop()


@attrs.frozen
class BoxSettings:
    label: str


@attrs.frozen
class BoxSink:
    label: str
    box: Box[tuple[str, str]]

    def deliver(self, delivery: Delivery) -> Outcome:
        self.box.put((self.label, delivery.id))
        return Delivered()


@attrs.frozen
class BoxPlugin:
    box: Box[tuple[str, str]]
    name: str = "boxes"

    @hookimpl
    def fulfillment_register_sinks(self, register: RegisterSink) -> None:
        register("box", BoxSettings, lambda settings: BoxSink(settings.label, self.box))


def test_configured_sinks_get_what_they_asked_for(make_receiver: MakeReceiver) -> None:
    box = Box[tuple[str, str]]()
    sinks = {
        "all": {"kind": "box", "label": "first"},
        "completions": {"kind": "box", "label": "second", "events": ["case.completed"]},
    }
    receiver = make_receiver(BoxPlugin(box), sinks=sinks)

    receiver.handle("POST", signed(BODY), BODY)
    first = box.take()
    receiver.stop()

    assert first == ("first", "evt_1")
    assert box.is_empty


def test_a_sink_that_cannot_be_opened_is_no_reason_for_a_5xx(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    class Unopened(BoxSink):
        def open(self) -> None:
            raise OSError("no such share")

    class Plugin:
        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("box", BoxSettings, lambda settings: Unopened(settings.label, Box()))

    receiver = make_receiver(Plugin(), sinks={"share": {"kind": "box", "label": "x"}})

    assert receiver.handle("POST", signed(BODY), BODY).status == 202
    [left] = receiver.relay.undelivered().result()
    assert (left.destination, left.event_id) == ("share", "evt_1")


def test_a_list_of_sinks_is_an_error_that_says_what_to_write(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_receiver(Inbox(), sinks=[{"kind": "box"}])

    assert caught.value.message == "The receiver's sinks must be a mapping from a name to a table"
    assert caught.value.remedy.startswith('Write sinks={"audit": {"kind": "…"}}')


def test_a_plugin_and_a_sink_cannot_share_a_name(make_receiver: MakeReceiver) -> None:
    sinks = {"inbox": {"kind": "box", "label": "x"}}

    with pytest.raises(ConfigurationError, match="both called inbox"):
        make_receiver(Inbox(), BoxPlugin(Box()), sinks=sinks)


def test_a_receiver_with_nothing_to_pass_events_to_says_so(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    make_receiver()

    assert "no plugin and no sink" in caplog.text


def test_what_was_accepted_before_a_restart_is_passed_on_after_it(
    make_receiver: MakeReceiver,
) -> None:
    first = make_receiver(Inbox())
    first.relay.accept(Event("evt_1", "case.status_changed", "case_1", 4, BODY)).result()
    first.stop()
    inbox = Inbox()

    with make_receiver(inbox):
        assert inbox.take().id == "evt_1"
