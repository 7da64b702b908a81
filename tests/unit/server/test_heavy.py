"""Work that keeps a core busy is done a few pieces at a time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fulfillment_sdk.server.heavy import Busy, Heavy


class Kitchen:
    """Pieces of work that last until they are let go; ``most`` is how many there were at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.now = self.most = 0

    def work(self, result: int) -> int:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.done.wait(10)
        with self.lock:
            self.now -= 1
        return result


async def test_so_many_are_done_at_once_and_the_others_wait_their_turn() -> None:
    heavy, kitchen = Heavy(2, waiting=3), Kitchen()
    asked = [asyncio.create_task(heavy.run(kitchen.work, number)) for number in range(5)]
    await asyncio.sleep(0)
    kitchen.done.set()
    assert await asyncio.gather(*asked) == [0, 1, 2, 3, 4]
    assert kitchen.most <= 2


async def test_whoever_would_wait_too_long_is_told_at_once() -> None:
    heavy, kitchen = Heavy(1, waiting=1), Kitchen()
    asked = [asyncio.create_task(heavy.run(kitchen.work, number)) for number in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await heavy.run(kitchen.work, 2)
    kitchen.done.set()
    assert await asyncio.gather(*asked) == [0, 1]
    assert await heavy.run(kitchen.work, 3) == 3


async def test_work_that_fails_or_is_given_up_leaves_its_place() -> None:
    heavy = Heavy(1, waiting=0)
    with pytest.raises(ZeroDivisionError):
        await heavy.run(divmod, 1, 0)
    assert await heavy.run(divmod, 7, 2) == (3, 1)
