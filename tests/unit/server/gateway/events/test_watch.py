"""Those who wait for events are woken by one look for all of them, and sleep when there is none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import cast

import attrs
import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.server.gateway.events.watch import FeedWatch
from fulfillment_sdk.store import Store

SOON = 5.0


@attrs.define
class FakeStore:
    """Stands for store and relay: tells of commits when the test says so."""

    ends: dict[str, int] = attrs.field(factory=dict)
    failures: list[Exception] = attrs.field(factory=list)
    asked: list[set[str]] = attrs.field(factory=list)
    heard: list[Callable[[], None]] = attrs.field(factory=list)

    def listen(self, callback: Callable[[], None]) -> None:
        self.heard.append(callback)

    async def feed_ends(self, owners: Collection[str]) -> Mapping[str, int]:
        self.asked.append(set(owners))
        if self.failures:
            raise self.failures.pop(0)
        return {owner: self.ends.get(owner, 0) for owner in owners}

    def commit(self, owner: str) -> None:
        self.ends[owner] = self.ends.get(owner, 0) + 1
        for callback in self.heard:
            callback()


@asynccontextmanager
async def watching(
    store: FakeStore, *, most: int = 9, most_of_one: int = 9, every: float = 60.0
) -> AsyncIterator[FeedWatch]:
    watch = FeedWatch(
        cast(Store, store),
        cast(Relay, store),
        most=most,
        most_of_one=most_of_one,
        pause=0.0,
        every=every,
    )
    running = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def soon(woken: asyncio.Event) -> None:
    await asyncio.wait_for(woken.wait(), SOON)


async def test_only_who_waits_for_that_organization_is_woken() -> None:
    store = FakeStore()
    async with watching(store) as watch:
        with watch.waiter("ours", 0) as ours, watch.waiter("theirs", 0) as theirs:
            assert ours is not None
            assert theirs is not None
            store.commit("theirs")
            await soon(theirs.woken)
            assert not ours.woken.is_set()
            store.commit("ours")
            await soon(ours.woken)


async def test_what_was_committed_before_one_began_to_wait_is_found_at_once() -> None:
    store = FakeStore({"ours": 3})
    async with watching(store) as watch:
        with watch.waiter("ours", 2) as waiter:
            assert waiter is not None
            await soon(waiter.woken)


async def test_who_knows_it_already_sleeps_on() -> None:
    store = FakeStore({"ours": 3, "theirs": 1})
    async with watching(store) as watch:
        with watch.waiter("ours", 3) as ours, watch.waiter("theirs", 0) as theirs:
            assert ours is not None
            assert theirs is not None
            await soon(theirs.woken)
            assert not ours.woken.is_set()


async def test_all_who_wait_are_looked_after_by_one_question() -> None:
    store = FakeStore()
    async with watching(store) as watch:
        with watch.waiter("a", 0) as first, watch.waiter("b", 0) as second:
            assert first is not None
            assert second is not None
            for owner in "abab":
                store.commit(owner)
            await soon(first.woken)
            await soon(second.woken)
    assert store.asked[0] == {"a", "b"}
    assert len(store.asked) <= 2
    assert len(store.heard) == 1


async def test_while_nobody_waits_nothing_is_asked() -> None:
    store = FakeStore()
    async with watching(store) as watch:
        with watch.waiter("ours", 0) as waiter:
            assert waiter is not None
            store.commit("ours")
            await soon(waiter.woken)
        asked = len(store.asked)
        store.commit("ours")
        with watch.waiter("theirs", 0):
            assert watch.waiting == 1
        await asyncio.sleep(0)
    assert watch.waiting == 0
    assert {"ours"} not in store.asked[asked:]


async def test_what_the_store_did_not_tell_of_is_found_after_a_while() -> None:
    store = FakeStore()
    async with watching(store, every=0.01) as watch:
        with watch.waiter("ours", 0) as waiter:
            assert waiter is not None
            store.ends["ours"] = 1
            await soon(waiter.woken)


@pytest.mark.parametrize("failure", [StoreUnavailable("hush"), KeyError("hush")])
async def test_a_store_that_is_away_for_a_moment_ends_nothing(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    store = FakeStore(failures=[failure])
    async with watching(store, every=0.01) as watch:
        with watch.waiter("ours", 0) as waiter:
            assert waiter is not None
            store.commit("ours")
            await soon(waiter.woken)
    [line] = caplog.messages
    assert line.startswith("who waits for events is looked after later")


async def test_too_many_are_told_so_and_a_place_that_is_free_again_is_given_away() -> None:
    async with watching(FakeStore(), most=3, most_of_one=2) as watch:
        with watch.waiter("ours", 0) as first:
            with watch.waiter("ours", 0) as second, watch.waiter("ours", 0) as third:
                assert None not in (first, second)
                assert third is None
            with watch.waiter("theirs", 0), watch.waiter("others", 0) as last:
                assert last is not None
                with watch.waiter("more", 0) as refused:
                    assert refused is None
        assert watch.waiting == 0


async def test_at_the_end_everybody_is_woken_and_nobody_waits_any_more() -> None:
    async with watching(FakeStore()) as watch:
        with watch.waiter("ours", 0) as waiter:
            assert waiter is not None
            watch.end()
            assert waiter.woken.is_set()
        with watch.waiter("ours", 0) as late:
            assert late is not None
            assert late.woken.is_set()
