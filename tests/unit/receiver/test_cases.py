"""A receiver that knows of each case what has come (contract, section 4, "Receiver")."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.models.events import CaseCompleted, StatusChanged
from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.cases.upkeep import Upkeep
from fulfillment_sdk.relay import Delivered, Delivery, RetryPolicy
from tests.unit.plugins.bodies import case_completed, status_changed
from tests.unit.receiver.cases.conftest import body_of
from tests.unit.receiver.cases.facts import step
from tests.unit.receiver.conftest import NOW, Box, Inbox, MakeReceiver, signed


def send(receiver: Receiver, *numbers: int, case_id: str = "case_1") -> list[int]:
    """Have these events of a case come in, one after the other."""
    answers = []
    for number in numbers:
        body = body_of(step(number), case_id)
        headers = signed(body, event_id=f"evt_{number}")
        answers.append(receiver.handle("POST", headers, body).status)
    return answers


def taken(inbox: Inbox, count: int) -> list[tuple[int | None, str | None]]:
    events = [inbox.take() for _ in range(count)]
    return [(event.sequence, event.anomaly) for event in events]


@attrs.frozen
class Settings:
    """There is nothing to set."""


class BoxSink:
    """Puts each delivery into a box."""

    def __init__(self, box: Box[Delivery]) -> None:
        self._box = box

    def deliver(self, delivery: Delivery) -> Delivered:
        self._box.put(delivery)
        return Delivered()


class Completions(Box[CaseCompleted]):
    name = "completions"

    @hookimpl
    async def fulfillment_case_completed(self, event: CaseCompleted) -> None:
        self.put(event)


def test_events_out_of_order_are_all_acknowledged_and_seen_in_order(
    make_receiver: MakeReceiver,
) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox)

    assert send(receiver, 1, 3, 5, 3, 4, 2) == [202, 202, 202, 200, 202, 202]

    assert taken(inbox, 5) == [(n, None) for n in (1, 2, 3, 4, 5)]
    assert inbox.is_empty


def test_the_first_event_of_a_case_waits_for_nothing(make_receiver: MakeReceiver) -> None:
    inbox = Inbox()
    send(make_receiver(inbox), 5)

    assert taken(inbox, 1) == [(5, None)]


def test_when_the_window_ends_a_running_receiver_passes_on_what_waited(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    now = [NOW]
    receiver = make_receiver(inbox, clock=lambda: now[0])
    with caplog.at_level(logging.WARNING):
        send(receiver, 1, 3)
        assert taken(inbox, 1) == [(1, None)]
        now[0] += 31

        assert taken(inbox, 1) == [(3, "gap")]
    assert "case case_1: event 2 has not come" in caplog.text


def test_on_sqlite_windows_mind_that_the_hosts_clock_may_be_set(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Upkeep] = []

    def make(*given: Any) -> Upkeep:
        made.append(Upkeep(*given))
        return made[-1]

    monkeypatch.setattr("fulfillment_sdk.receiver.database.Upkeep", make)
    inbox = Inbox()
    receiver = make_receiver(inbox, clock=time.time)
    receiver.start()
    body = status_changed()
    receiver.handle("POST", signed(body, at=time.time()), body)
    inbox.take()

    assert [chores.drift is None for chores in made] == [False]


def test_what_waited_when_the_last_process_ended_is_passed_on_by_the_next(
    make_receiver: MakeReceiver,
) -> None:
    first, second = Inbox(), Inbox()
    receiver = make_receiver(first)
    send(receiver, 1, 3)
    first.take()
    receiver.stop()

    make_receiver(second, clock=lambda: NOW + 31).start()

    assert taken(second, 1) == [(3, "gap")]


def test_odd_steps_and_unknown_statuses_are_delivered_and_flagged(
    make_receiver: MakeReceiver,
) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox)
    for number, (previous, status) in enumerate(
        [("new", "allocated"), ("allocated", "new"), ("new", "accepted")], 2
    ):
        data = {
            "case_id": "case_1",
            "sequence": number,
            "previous_status": previous,
            "new_status": status,
        }
        body = json.dumps(
            {"id": f"evt_{number}", "type": "case.status_changed", "data": data}
        ).encode()
        receiver.handle("POST", signed(body, event_id=f"evt_{number}"), body)

    assert taken(inbox, 3) == [(2, None), (3, "impossible_step"), (4, "unknown_status")]


def test_a_completion_has_the_word_too_and_its_bytes_are_those_that_were_signed(
    make_receiver: MakeReceiver,
) -> None:
    completions, seen = Completions(), Box[Delivery]()

    class Sinks:
        name = "sinks"

        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("box", Settings, lambda _settings: BoxSink(seen))

    receiver = make_receiver(
        completions, Sinks(), sinks={"box": {"kind": "box", "disclosure": "full"}}
    )
    send(receiver, 4)
    body = case_completed(sequence=5)
    receiver.handle("POST", signed(body, event_id="evt_2"), body)

    assert completions.take().anomaly == "impossible_step"  # from a case that stood at `submitted`
    assert seen.take().notes == {}
    delivery = seen.take()
    assert (dict(delivery.notes), delivery.body) == ({"anomaly": "impossible_step"}, body)


def test_a_filtered_subscription_neither_holds_nor_reports(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox, filtered=True)
    with caplog.at_level(logging.WARNING):
        send(receiver, 2, 5, 9)

        assert taken(inbox, 3) == [(2, None), (5, None), (9, None)]
    assert "has not come" not in caplog.text
    assert "missing" not in receiver.explain("case_1")


def test_a_gap_is_filled_from_the_feed_that_the_receiver_was_given(
    make_receiver: MakeReceiver,
) -> None:
    inbox = Inbox()
    now = [NOW]

    def feed(case_id: str | None) -> Iterable[Mapping[str, object]]:
        assert case_id == "case_1"
        return [json.loads(body_of(step(n))) for n in (1, 2, 3)]

    receiver = make_receiver(inbox, clock=lambda: now[0], feed=feed)
    send(receiver, 1, 3)
    now[0] += 10

    assert taken(inbox, 3) == [(n, None) for n in (1, 2, 3)]
    assert send(receiver, 2) == [200]
    assert [one.origin for one in receiver.history("case_1")] == ["webhook", "webhook", "feed"]


def test_history_and_explain_of_a_case(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Inbox())
    send(receiver, 1, 2, 4)

    history = receiver.history("case_1")
    assert [(one.sequence, one.outcome) for one in history] == [
        (1, "baseline"),
        (2, "applied"),
        (4, "held"),
    ]
    assert all(one.received_at == NOW for one in history)
    assert "missing, and waited for: event 3" in receiver.explain("case_1")
    assert receiver.history("case_2") == []


def test_reconcile_compares_with_the_feed_and_repairs(make_receiver: MakeReceiver) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox)
    send(receiver, 1)
    shown = [json.loads(body_of(step(n))) for n in (1, 2, 3)]

    told = receiver.reconcile(lambda _case_id: shown)
    assert [one.sequence for one in told.differences] == [2, 3]
    assert receiver.reconcile(lambda _case_id: shown, repair=True).repaired == 2

    assert taken(inbox, 3) == [(n, None) for n in (1, 2, 3)]
    assert receiver.reconcile(lambda _case_id: shown, case_id="case_1").is_clean


def test_without_a_feed_there_is_nothing_to_reconcile_with(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError, match="no feed"):
        make_receiver(Inbox()).reconcile()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"window": -1}, "window is no number of seconds"),
        ({"opening": "2"}, "opening is no number of seconds"),
        ({"filtered": "no"}, "filtered is neither True nor False"),
        ({"feed": 5}, "feed can't be asked"),
        ({"feed": print, "dispatch": False}, "asks no feed either"),
    ],
)
def test_how_events_are_put_in_order_is_checked_when_the_receiver_is_made(
    make_receiver: MakeReceiver, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        make_receiver(Inbox(), **options)


def test_an_event_is_not_compared_by_what_the_receiver_says_of_it() -> None:
    event = StatusChanged(id="evt_1", case_id="case_1", new_status="new")  # type: ignore[arg-type]
    assert event.anomaly is None
    assert attrs.evolve(event, anomaly="late") == event
    assert "anomaly" not in repr(event)


class Unwilling:
    name = "unwilling"

    def __init__(self) -> None:
        self.asked: Box[None] = Box()

    @hookimpl
    def fulfillment_status_changed(self) -> None:
        raise OSError("Jane called")

    @hookimpl
    def fulfillment_on_attempt(self) -> None:
        self.asked.put(None)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (RetryPolicy((0,)), "unwilling: given up after one try"),
        (RetryPolicy((0, 60)), "unwilling: tried once, and again at 20"),
    ],
)
def test_explain_says_who_has_not_taken_what_was_passed_on(
    policy: RetryPolicy, said: str, make_receiver: MakeReceiver
) -> None:
    unwilling, inbox = Unwilling(), Inbox()
    receiver = make_receiver(unwilling, inbox, policy=policy)
    send(receiver, 1)
    unwilling.asked.take()
    unwilling.asked.take()

    told = receiver.explain("case_1")
    taken, failed = told.splitlines()[-1].strip().split("; ")
    assert taken.startswith("inbox: delivered 20")
    assert failed.startswith(said)
    assert "Jane" not in told


@pytest.mark.parametrize("odd", ["\ud800", "case\0", "x" * 2000])
def test_an_id_that_no_case_can_have_is_refused_without_being_repeated(
    odd: str, make_receiver: MakeReceiver
) -> None:
    receiver, shelf = make_receiver(Inbox()), Box[str | None]()

    def feed(case_id: str | None) -> list[Mapping[str, object]]:
        shelf.put(case_id)
        return []

    calls: tuple[Callable[[str], object], ...] = (
        receiver.history,
        receiver.explain,
        lambda one: receiver.reconcile(feed, case_id=one),
        lambda one: receiver.relay.replay("inbox", one),
        lambda one: receiver.relay.replay(one, "evt_1"),
        lambda one: receiver.relay.attempts(event_id=one),
        lambda one: receiver.relay.quarantined(event_id=one),
    )
    for call in calls:
        with pytest.raises(ValueError, match="must be text without NUL") as raised:
            call(odd)
        assert odd not in str(raised.value)
    assert shelf.is_empty
