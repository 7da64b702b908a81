"""Who observes attempts may block: that stops neither a delivery nor another observer."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.relay import Attempt, Delivered, Delivery, Destination, Event, Outcome, Relay
from fulfillment_sdk.relay.reports.aside import Aside
from fulfillment_sdk.relay.reports.watch import Watch

PATIENCE = 5.0
ATTEMPT = Attempt(
    destination="audit", event_id="e0", lane="case_1", attempt=1, at=5.0, seconds=0.1,
    outcome="delivered",
)  # fmt: skip


def attempts(most: int) -> list[Attempt]:
    return [attrs.evolve(ATTEMPT, event_id=f"e{number}") for number in range(most)]


def blocked_until(release: threading.Event) -> Callable[[Attempt], None]:
    def blocks(attempt: Attempt) -> None:
        release.wait(3 * PATIENCE)

    return blocks


class Answers:
    async def deliver(self, delivery: Delivery) -> Outcome:
        return Delivered()


def test_one_that_blocks_stops_no_delivery_and_no_other(tmp_path: Path) -> None:
    release, told = threading.Event(), threading.Semaphore(0)
    with Relay(
        f"sqlite:///{tmp_path}/relay.db",
        destinations=[Destination("partner", "answers")],
        sinks={"answers": Answers()},
        observers={
            "blocks": blocked_until(release),
            "hears": lambda attempt: told.release(),
        },
    ) as relay:
        for number in range(3):
            relay.accept(Event(f"e{number}", "t", "case_1", None, b"{}")).result(PATIENCE)
            assert told.acquire(timeout=PATIENCE)
        release.set()


async def test_all_are_told_in_order_before_a_relay_has_stopped() -> None:
    seen: list[str] = []
    watch = Watch(observers={"slow": lambda attempt: seen.append(attempt.event_id)})
    watch.settled(attempts(50))
    await watch.told(PATIENCE)

    assert seen == [f"e{number}" for number in range(50)]


def test_one_is_told_again_after_its_thread_has_ended() -> None:
    told = threading.Semaphore(0)
    aside = Aside("idle", lambda attempt: told.release(), idle=0.0)
    for attempt in attempts(20):
        aside.tell(attempt)
        assert told.acquire(timeout=PATIENCE)


def test_one_far_behind_misses_some_which_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, release, told = threading.Event(), threading.Event(), threading.Semaphore(0)

    def slow(attempt: Attempt) -> None:
        begun.set()
        release.wait(PATIENCE)
        told.release()

    aside = Aside("slow", slow, most=3)
    first, *others = attempts(9)
    with caplog.at_level(logging.ERROR, "fulfillment_sdk.relay"):
        aside.tell(first)
        assert begun.wait(PATIENCE)
        for attempt in others:
            aside.tell(attempt)
    release.set()

    assert all(told.acquire(timeout=PATIENCE) for _ in range(4))
    assert not told.acquire(timeout=0.01), "the other five are missed"
    assert len(caplog.records) == 1


async def test_nobody_waits_long_for_one_that_hangs() -> None:
    release = threading.Event()
    watch = Watch(observers={"hangs": blocked_until(release)})
    watch.settled([ATTEMPT])
    await watch.told(0.01)
    assert not release.is_set()
    release.set()
    await watch.told(PATIENCE)


@pytest.mark.parametrize("error", [ValueError, SystemExit, asyncio.CancelledError])
async def test_one_that_raises_is_told_of_the_next(error: type[BaseException]) -> None:
    seen: list[str] = []

    def raises(attempt: Attempt) -> None:
        seen.append(attempt.event_id)
        raise error

    watch = Watch(observers={"raises": raises})
    watch.settled(attempts(2))
    await watch.told(PATIENCE)

    assert seen == ["e0", "e1"]
