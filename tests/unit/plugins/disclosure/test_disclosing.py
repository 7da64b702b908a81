"""A sink gets what its destination discloses, and nothing that it could leak."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from collections.abc import Awaitable

import attrs
import pytest

from fulfillment_sdk.plugins.disclosure.disclosing import UNREADABLE, disclosing
from fulfillment_sdk.plugins.disclosure.disclosure import disclose
from fulfillment_sdk.relay import Delivered, Delivery, Event, Outcome, Sink
from tests import samples
from tests.unit.plugins.bodies import delivery

WHOLE = delivery(samples.body("case-completed"), attempt=3)


class Thread:
    """A sink for a thread."""

    def __init__(self) -> None:
        self.got: list[Delivery] = []
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def deliver(self, given: Delivery) -> Outcome:
        self.got.append(given)
        return Delivered("thread")


class Loop(Thread):
    """A sink for the loop."""

    async def deliver(self, given: Delivery) -> Outcome:  # type: ignore[override]
        self.got.append(given)
        return Delivered("loop")


async def deliver(sink: Sink, given: Delivery) -> Outcome:
    outcome = sink.deliver(given)
    return await outcome if isinstance(outcome, Awaitable) else outcome


@pytest.mark.parametrize("kind", [Thread, Loop])
async def test_a_sink_gets_a_reduced_body_and_the_rest_as_it_was(kind: type[Thread]) -> None:
    inner = kind()

    await deliver(disclosing(inner, "routing"), WHOLE)

    [got] = inner.got
    assert got.body == disclose(WHOLE.body, "routing")
    assert attrs.evolve(got, event=WHOLE.event) == WHOLE
    assert attrs.evolve(got.event, body=WHOLE.body) == WHOLE.event
    assert b"Jane" in WHOLE.body
    assert b"Jane" not in repr(got).encode() + pickle.dumps(got)


STORY = "Jane was beaten."


@pytest.mark.parametrize("kind", [Thread, Loop])
async def test_what_stands_where_an_id_or_a_type_should_is_not_told_beside_the_body(
    kind: type[Thread],
) -> None:
    body = json.dumps({"id": STORY, "type": STORY, "data": {"case_id": STORY}}).encode()
    odd = attrs.evolve(WHOLE, event=Event(STORY, STORY, STORY, 1, body))
    other = attrs.evolve(odd, event=attrs.evolve(odd.event, id="Jane called.", lane="Jane's"))
    inner = kind()
    sink = disclosing(inner, "operational")

    for one in (odd, odd, other):
        await deliver(sink, one)

    first, again, last = inner.got
    assert b"Jane" not in pickle.dumps(inner.got)
    assert first.type == "undisclosed"
    assert (first.id, first.lane) == (again.id, again.lane), "a repetition can be told"
    assert first.id != last.id
    assert first.lane != last.lane


@pytest.mark.parametrize("kind", [Thread, Loop])
async def test_a_large_event_is_reduced_too(kind: type[Thread]) -> None:
    event = json.loads(WHOLE.body)
    event["data"]["case"]["request"]["narrative"] = "Jane " * 100_000
    inner = kind()

    await deliver(disclosing(inner, "operational"), delivery(json.dumps(event).encode()))

    assert b"Jane" not in inner.got[0].body


@pytest.mark.parametrize("kind", [Thread, Loop])
async def test_what_cannot_be_read_reaches_no_sink(kind: type[Thread]) -> None:
    inner = kind()
    broken = attrs.evolve(WHOLE, event=attrs.evolve(WHOLE.event, body=b"Jane"))

    assert await deliver(disclosing(inner, "routing"), broken) == UNREADABLE
    assert inner.got == []


def test_full_is_the_sink_itself() -> None:
    inner = Thread()
    assert disclosing(inner, "full") is inner


async def test_the_sink_s_own_outcome_comes_back() -> None:
    assert await deliver(disclosing(Thread(), "routing"), WHOLE) == Delivered("thread")
    assert await deliver(disclosing(Loop(), "routing"), WHOLE) == Delivered("loop")


def test_a_sink_runs_where_it_would_and_has_what_it_had() -> None:
    thread, loop = disclosing(Thread(), "routing"), disclosing(Loop(), "routing")

    assert not inspect.iscoroutinefunction(thread.deliver)
    assert inspect.iscoroutinefunction(loop.deliver)
    assert not hasattr(thread, "close")
    thread.open()  # type: ignore[attr-defined]
    assert thread.is_open  # type: ignore[attr-defined]
    assert copy.copy(thread).level == "routing"  # type: ignore[attr-defined]
    assert repr(thread) == "<Thread, which gets routing facts>"
