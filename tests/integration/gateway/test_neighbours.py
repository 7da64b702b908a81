"""Order within a case, and who is held up by whom: by nobody else (contract, section 4)."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
from aiohttp import web

from fulfillment_sdk.relay.policy import DEFAULT_SCHEDULE
from tests.integration.endpoints import a_server
from tests.integration.gateway.courier import Courier, open_courier

Answer = Callable[[str], Awaitable[int]]
"""From the case of an event to the status that it is answered with."""


@attrs.define
class Partner:
    """An endpoint that notes what came: case, sequence and the status that was answered."""

    answer: Answer
    url: str = ""
    met: list[tuple[str, int, int]] = attrs.field(factory=list)
    _news: asyncio.Condition = attrs.field(factory=asyncio.Condition)

    async def handler(self, request: web.Request) -> web.StreamResponse:
        data = json.loads(await request.read())["data"]
        status = await self.answer(data["case_id"])
        async with self._news:
            self.met.append((data["case_id"], data["sequence"], status))
            self._news.notify_all()
        return web.Response(status=status)

    async def has_met(self, count: int) -> None:
        """Wait until so many events were answered."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.met) >= count)

    @property
    def cases(self) -> list[str]:
        return [case for case, _, _ in self.met]


@asynccontextmanager
async def a_partner(answer: Answer) -> AsyncIterator[Partner]:
    partner = Partner(answer)
    async with a_server(partner.handler) as port:
        partner.url = f"http://127.0.0.1:{port}/hook"
        yield partner


def always(status: int) -> Answer:
    async def answer(_case: str) -> int:
        return status

    return answer


@pytest.mark.parametrize("seed", range(3))
async def test_a_cases_events_go_out_strictly_in_order_whatever_fails(
    tmp_path: Path, seed: int
) -> None:
    moods = random.Random(seed)

    async def moody(_case: str) -> int:
        return moods.choice((202, 202, 200, 500, 429, 302, 404))

    cases = [f"case_{number}" for number in range(5)]
    async with (
        a_partner(moody) as partner,
        open_courier(tmp_path, retry_schedule=(0.0, *[1.0] * 40)) as courier,
    ):
        subscription = await courier.subscribe(partner.url)
        for number in range(30):
            await courier.event(number, case=cases[number % 5], sequence=1 + number // 5)
        async for left in passing(courier, subscription):
            assert left <= 30

    met: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for case, sequence, status in partner.met:
        met[case].append((sequence, status))
    assert met.keys() == set(cases)
    for tries in met.values():
        expected = 1
        for sequence, status in tries:
            assert sequence == expected
            expected += status < 300
        assert expected == 7
    assert any(status >= 300 for _, _, status in partner.met)


async def passing(courier: Courier, subscription: str) -> AsyncIterator[int]:
    """Let time pass, never during a delivery, until everything has arrived."""

    async def at_rest() -> bool:
        return not await courier.is_under_way()

    while left := len(await courier.undelivered(subscription)):
        await courier.until(at_rest)
        await courier.move(2)
        yield left


async def test_a_stuck_case_holds_up_no_other_however_often_it_fails(tmp_path: Path) -> None:
    async def stuck(case: str) -> int:
        return 500 if case == "stuck" else 202

    async with (
        a_partner(stuck) as partner,
        open_courier(tmp_path, retry_schedule=DEFAULT_SCHEDULE) as courier,
    ):
        await courier.subscribe(partner.url)
        await courier.event(1, case="stuck", sequence=1)
        await courier.event(2, case="stuck", sequence=2)
        for number, tries in enumerate((1, 4, 5, 8), 3):
            await tried(courier, partner, tries)
            # The clock stands still from here: the other case's event waits for nothing.
            await courier.event(number, case=f"case_{number}", sequence=1)
            await partner.has_met(tries + number - 2)
            assert partner.met[-1] == (f"case_{number}", 1, 202)
        assert {sequence for case, sequence, _ in partner.met if case == "stuck"} == {1}


async def tried(courier: Courier, partner: Partner, times: int) -> None:
    """Let time pass until the stuck case was tried so often."""
    await courier.quiet()
    while partner.cases.count("stuck") < times:
        due_at = await courier.next_due()
        assert due_at is not None
        await courier.move(due_at - courier.clock.now)
        await courier.quiet()


async def test_one_case_that_fails_alone_opens_no_breaker(tmp_path: Path) -> None:
    async def stuck(case: str) -> int:
        return 500 if case == "stuck" else 202

    async with (
        a_partner(stuck) as partner,
        open_courier(tmp_path, retry_schedule=(0.0, *[600.0] * 20)) as courier,
    ):
        await courier.subscribe(partner.url)
        await courier.event(1, case="stuck")
        await tried(courier, partner, 8)
        await courier.event(2, case="other")
        await partner.has_met(9)
        assert partner.met[-1] == ("other", 2, 202)


async def test_a_dead_endpoint_holds_up_no_other(tmp_path: Path) -> None:
    async with (
        a_partner(always(500)) as dead,
        a_partner(always(202)) as live,
        open_courier(tmp_path, retry_schedule=DEFAULT_SCHEDULE) as courier,
    ):
        for partner in (dead, live):
            await courier.subscribe(partner.url)
        for number in range(1, 21):
            await courier.event(number, case=f"case_{number}")
        await live.has_met(20)
        assert sorted(live.cases) == sorted(f"case_{number}" for number in range(1, 21))
        assert len(set(dead.cases)) == len(dead.cases)


async def test_a_slow_endpoint_holds_up_no_other(tmp_path: Path) -> None:
    arrived, go = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_case: str) -> int:
        arrived.release()
        await go.wait()
        return 202

    async with (
        a_partner(slow) as sluggish,
        a_partner(always(202)) as quick,
        open_courier(tmp_path, retry_schedule=DEFAULT_SCHEDULE) as courier,
    ):
        for partner in (sluggish, quick):
            await courier.subscribe(partner.url)
        for number in range(1, 21):
            await courier.event(number, case=f"case_{number}")
        await quick.has_met(20)
        for _ in range(8):
            await asyncio.wait_for(arrived.acquire(), 10)
        assert sluggish.met == []
        assert arrived.locked(), "no more than eight of its cases are under way"
        go.set()
        await sluggish.has_met(20)


async def test_after_five_failures_an_endpoint_gets_one_probe_when_the_next_step_has_passed(
    tmp_path: Path,
) -> None:
    answers = [500]

    async def down(_case: str) -> int:
        return answers[0]

    async with (
        a_partner(down) as partner,
        a_partner(always(202)) as neighbour,
        open_courier(tmp_path, retry_schedule=DEFAULT_SCHEDULE) as courier,
    ):
        subscription = await courier.subscribe(partner.url)
        await courier.subscribe(neighbour.url)
        events = 0

        async def another_case() -> None:
            # Once the neighbour has it, the dispatcher has also decided about the other one.
            nonlocal events
            events += 1
            await courier.event(events, case=f"case_{events}")
            await neighbour.has_met(events)

        for failures in range(1, 6):
            await another_case()
            await courier.tried(subscription, failures)
        await another_case()
        await another_case()
        assert len(partner.met) == 5

        tries = 5
        for pause in (5.0, 30.0, 60.0, 60.0):
            courier.clock.move(pause - 0.5)
            await another_case()
            assert len(partner.met) == tries, "the pause has not passed"
            courier.clock.move(0.5)
            tries += 1
            await courier.wake()
            await courier.tried(subscription, tries)
            await another_case()
            assert len(partner.met) == tries, "one probe"

        answers[0] = 202
        await courier.move(60)
        async for _ in courier.run_on():
            pass
        assert await courier.undelivered(subscription) == []
        assert {case for case, _, status in partner.met if status == 202} == {
            f"case_{number}" for number in range(1, events + 1)
        }
