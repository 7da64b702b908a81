"""However a receiver is started in a process, and by how many, one dispatches there."""

from __future__ import annotations

import asyncio
import threading

from fulfillment_sdk.plugins import hookimpl
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import Inbox, MakeReceiver, signed


class Slow(Inbox):
    """Takes its time to get ready."""

    name = "slow"

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.times = 0
        self.release = asyncio.Event()

    @hookimpl
    async def fulfillment_startup(self) -> None:
        self.times += 1
        self.begun.release()
        await self.release.wait()


async def test_a_request_that_comes_while_the_hosts_loop_begins_starts_nothing_beside_it(
    make_receiver: MakeReceiver,
) -> None:
    slow = Slow()
    receiver = make_receiver(slow)

    async def run() -> None:
        async with receiver.running():
            pass

    running = asyncio.create_task(run())
    async with asyncio.timeout(10):
        await asyncio.to_thread(slow.begun.acquire)
        body = status_changed()
        reply = await receiver.handle_async("POST", signed(body), body)
        assert reply.status == 202
        assert not any(one.name == "fulfillment-relay" for one in threading.enumerate())
        slow.release.set()
        await running
    assert slow.times == 1


async def test_the_hosts_loop_takes_over_what_an_earlier_request_had_begun(
    make_receiver: MakeReceiver,
) -> None:
    receiver = make_receiver(Inbox())
    await asyncio.to_thread(receiver.start)
    async with receiver.running():
        assert not any(one.name == "fulfillment-relay" for one in threading.enumerate())
        assert receiver.relay.is_dispatching
