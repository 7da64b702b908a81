"""Sockets under way: those that hang leave some for the others."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket

import attrs
import pytest

from fulfillment_sdk.plugins.webhooks.sockets import Opened, Sockets


@attrs.define
class Steady:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@attrs.define
class Exchanges:
    """Exchanges that a test begins, and ends."""

    sockets: Sockets
    steady: Steady
    held: contextlib.AsyncExitStack = attrs.field(factory=contextlib.AsyncExitStack)

    async def begin(self, endpoint: str) -> bool:
        """Begin one, and tell whether there was a socket for it."""
        try:
            await self.held.enter_async_context(self.sockets.one(endpoint, wait=0.0))
        except OSError as error:
            if error.errno != errno.EMFILE:
                raise
            return False
        return True

    async def ended(self, endpoint: str, *, after: float) -> None:
        """Have one exchange that took so many seconds."""
        async with self.sockets.one(endpoint):
            self.steady.now += after


def exchanges(most: int) -> Exchanges:
    steady = Steady()
    return Exchanges(Sockets(most, steady), steady)


async def test_endpoints_that_were_never_tried_share_half() -> None:
    its = exchanges(8)
    await its.ended("prompt", after=0.1)
    async with its.held:
        assert [await its.begin(f"new{number}") for number in range(5)] == [True] * 4 + [False]
        assert [await its.begin("prompt") for _ in range(5)] == [True] * 4 + [False]
    assert its.sockets.in_use == 0


async def test_endpoints_that_hang_share_a_quarter_and_leave_room_for_new_ones() -> None:
    its = exchanges(8)
    for number in range(3):
        await its.ended(f"slow{number}", after=15.0)
    async with its.held:
        assert [await its.begin(f"slow{number}") for number in range(3)] == [True, True, False]
        assert [await its.begin(f"new{number}") for number in range(3)] == [True, True, False]


async def test_an_endpoint_that_answers_again_is_trusted_again() -> None:
    its = exchanges(4)
    await its.ended("one", after=15.0)
    await its.ended("one", after=0.1)
    async with its.held:
        assert [await its.begin("one") for _ in range(4)] == [True] * 4


async def test_who_waits_begins_when_another_ends() -> None:
    sockets = Sockets(1, Steady())
    began, release = asyncio.Event(), asyncio.Event()

    async def second() -> None:
        async with sockets.one("b"):
            began.set()

    async with asyncio.timeout(5):
        async with sockets.one("a"):
            waiting = asyncio.create_task(second())
            await asyncio.sleep(0)
            assert not began.is_set()
            release.set()
        await waiting
    assert began.is_set()
    assert sockets.in_use == 0


async def test_who_gives_up_waiting_takes_nobodys_place() -> None:
    sockets = Sockets(1, Steady())
    async with sockets.one("a"):
        with pytest.raises(OSError, match="too many exchanges"):
            async with sockets.one("b", wait=0.0):
                pass
    async with sockets.one("b", wait=0.0):
        assert sockets.in_use == 1


def test_sockets_are_counted_until_they_are_closed(socket_enabled: None) -> None:
    opened = Opened()
    made = opened.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    assert opened.count == 1
    made.close()
    made.close()
    assert opened.count == 0

    handed_on = opened.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    socket.close(handed_on.detach())
    assert opened.count == 0
