"""Batching: what is delivered at the same time is written with one effort."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from fulfillment_sdk.plugins.batching import Batcher
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry
from tests.unit.plugins.bundled.deliveries import delivery


class Peer:
    """Takes batches in the loop, each when it is let to."""

    def __init__(self, *, open: bool = True) -> None:
        self.batches: list[list[str]] = []
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.at_once = 0
        if open:
            self.may_end.set()

    async def write(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        self.at_once += 1
        assert self.at_once == 1
        self.batches.append([one.id for one in deliveries])
        self.begun.set()
        await self.may_end.wait()
        self.at_once -= 1
        return [Delivered(one.id) for one in deliveries]


def deliver(batcher: Batcher, *ids: str, size: int = 2) -> list[asyncio.Task[Outcome]]:
    loop = asyncio.get_running_loop()
    return [loop.create_task(batcher.deliver(delivery(b"x" * size, id=one))) for one in ids]


async def test_a_batch_that_fails_fails_for_each_of_it_and_the_next_one_goes_on() -> None:
    failures = [ValueError("no")]

    async def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        if failures:
            raise failures.pop()
        return [Delivered()] * len(deliveries)

    batcher = Batcher(write)

    told = await asyncio.gather(*deliver(batcher, "a", "b"), return_exceptions=True)

    assert [str(one) for one in told] == ["no", "no"]
    assert await batcher.deliver(delivery(b"{}", id="c")) == Delivered()


async def test_a_batch_with_an_outcome_too_few_is_delivered_for_nobody() -> None:
    async def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        return [Delivered()] * (len(deliveries) - 1)

    told = await asyncio.gather(*deliver(Batcher(write), "a", "b"), return_exceptions=True)

    assert [type(one) for one in told] == [ValueError, ValueError]


async def test_each_gets_its_own_outcome() -> None:
    outcomes: list[Outcome] = [Delivered(), Retry("later"), Reject("never")]

    async def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        return outcomes[: len(deliveries)]

    assert await asyncio.gather(*deliver(Batcher(write), "a", "b", "c")) == outcomes


async def test_what_comes_while_a_batch_is_written_is_the_next_one() -> None:
    peer = Peer(open=False)
    batcher = Batcher(peer.write)
    first = deliver(batcher, "a")
    await peer.begun.wait()
    then = deliver(batcher, "b", "c")
    await asyncio.sleep(0)

    assert peer.batches == [["a"]]
    peer.may_end.set()
    await asyncio.gather(*first, *then)

    assert peer.batches == [["a"], ["b", "c"]]


async def test_what_is_delivered_in_one_breath_is_one_batch() -> None:
    peer = Peer()

    outcomes = await asyncio.gather(*deliver(Batcher(peer.write), "a", "b", "c"))

    assert outcomes == [Delivered("a"), Delivered("b"), Delivered("c")]
    assert peer.batches == [["a", "b", "c"]]


async def test_a_batch_is_bounded_in_number() -> None:
    peer = Peer()

    await asyncio.gather(*deliver(Batcher(peer.write, most=2), "a", "b", "c", "d", "e"))

    assert peer.batches == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_batch_is_bounded_in_bytes_and_what_is_larger_goes_alone() -> None:
    peer = Peer()
    batcher = Batcher(peer.write, most_bytes=10)

    await asyncio.gather(
        *deliver(batcher, "a", "b", size=5), *deliver(batcher, "c", size=99), *deliver(batcher, "d")
    )

    assert peer.batches == [["a", "b"], ["c"], ["d"]]


async def test_what_is_cancelled_before_its_turn_is_not_written() -> None:
    peer = Peer(open=False)
    batcher = Batcher(peer.write)
    first = deliver(batcher, "a")
    await peer.begun.wait()
    given_up, kept = deliver(batcher, "b", "c")
    await asyncio.sleep(0)
    given_up.cancel()
    peer.may_end.set()

    await asyncio.gather(*first, kept)

    assert peer.batches == [["a"], ["c"]]


async def test_what_is_cancelled_while_it_is_written_hurts_nobody_beside_it() -> None:
    peer = Peer(open=False)
    batcher = Batcher(peer.write)
    given_up, kept = deliver(batcher, "a", "b")
    await peer.begun.wait()
    given_up.cancel()
    peer.may_end.set()

    assert await kept == Delivered("b")
    assert await batcher.deliver(delivery(b"{}", id="c")) == Delivered("c")


async def test_a_plain_function_writes_in_a_thread_of_its_own_and_so_does_opening() -> None:
    threads: list[str] = []

    def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        threads.append(threading.current_thread().name)
        return [Delivered()] * len(deliveries)

    batcher = Batcher(write, name="the-sink-s")
    await batcher.in_thread(lambda: threads.append(threading.current_thread().name))
    await asyncio.gather(*deliver(batcher, "a", "b"))
    batcher.close()

    assert threads == ["the-sink-s", "the-sink-s"]


async def test_closing_comes_behind_what_is_being_written() -> None:
    said: list[str] = []
    may_end = threading.Event()

    def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        may_end.wait(10)
        said.append("written")
        return [Delivered()] * len(deliveries)

    batcher = Batcher(write)
    (one,) = deliver(batcher, "a")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    closing = asyncio.get_running_loop().create_task(
        batcher.in_thread(lambda: said.append("closed"))
    )
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.gather(one, closing)

    assert said == ["written", "closed"]


def test_a_loop_that_ended_in_the_middle_is_forgotten() -> None:
    stuck = threading.Event()
    let_go = threading.Event()

    def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        stuck.set()
        let_go.wait(10)
        return [Delivered(one.id) for one in deliveries]

    batcher = Batcher(write)

    async def ends_too_early() -> None:
        deliver(batcher, "a")
        assert await asyncio.to_thread(stuck.wait, 10)

    asyncio.run(ends_too_early())
    let_go.set()

    assert asyncio.run(batcher.deliver(delivery(b"{}", id="b"))) == Delivered("b")
    batcher.close()


async def test_after_closing_it_may_be_used_anew() -> None:
    def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        return [Delivered()] * len(deliveries)

    batcher = Batcher(write)
    assert await batcher.deliver(delivery(b"{}")) == Delivered()
    batcher.close()

    assert await batcher.deliver(delivery(b"{}")) == Delivered()
    batcher.close()


@pytest.mark.parametrize("most", [1, 64])
async def test_nothing_is_lost_and_nothing_written_twice_under_load(most: int) -> None:
    written: list[str] = []

    def write(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        written.extend(one.id for one in deliveries)
        return [Delivered(one.id) for one in deliveries]

    ids = [f"evt_{number}" for number in range(300)]
    batcher = Batcher(write, most=most)

    outcomes = await asyncio.gather(*deliver(batcher, *ids))
    batcher.close()

    assert outcomes == [Delivered(one) for one in ids]
    assert written == ids
