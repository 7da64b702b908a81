"""`GET events/`: what was sent, in order, once more, and as soon as it is there.

Contract, section 5.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import pytest_asyncio

from fulfillment_sdk.server.app import create_app
from tests.integration.gateway.parts import BASE, House, open_house
from tests.integration.gateway.test_subscriptions import notification, notify
from tests.postgres import server

SOON = 10.0  # seconds; what waits for longer waits for something that does not come
EVENTS = f"{BASE}/events/"


@attrs.define
class Reader:
    """An organisation that reads its feed."""

    house: House
    token: str
    organization_id: str

    async def get(self, **query: str) -> httpx.Response:
        return await self.house.get(EVENTS, token=self.token, **query)

    async def read(self, **query: str) -> tuple[list[str], str]:
        """Return the ids on a page, and its cursor."""
        answer = await self.get(**query)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert set(found) == {"events", "next"}
        return [one["id"] for one in found["events"]], str(found["next"])

    async def comes(self, number: int, case: str = "case_1", **data: Any) -> bytes:
        """Have an event come from the portal; returns its bytes."""
        body = notification(self.organization_id, number=number, case_id=case, **data)
        assert await notify(self.house, body, event_id=f"evt_{number}") == 202
        return body

    async def are_waiting(self, count: int) -> None:
        """Return as soon as so many calls wait."""
        async with asyncio.timeout(SOON):
            async for waiting in self._counts():
                if waiting == count:
                    return

    async def _counts(self) -> AsyncIterator[int]:
        while True:
            yield self.house.gateway.context.feed_watch.waiting
            await asyncio.sleep(0)


async def soon(answer: Awaitable[httpx.Response]) -> httpx.Response:
    return await asyncio.wait_for(answer, SOON)


@pytest_asyncio.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    async with open_house(tmp_path) as house:
        yield Reader(house, await house.token(), await house.organization_id())


async def stranger(house: House) -> Reader:
    token = await house.token("b@example.org", "Another")
    return Reader(house, token, await house.organization_id("Another"))


async def test_events_come_in_order_with_the_bytes_that_were_sent(reader: Reader) -> None:
    bodies = [await reader.comes(n) for n in (1, 2)]
    bodies.append(await reader.comes(3, kind="case.of_a_later_version", extra=[1.50, "é"]))
    answer = await reader.get()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "events" in answer.headers["Fulfillment-Features"].split(", ")
    cursor = answer.json()["next"]
    assert answer.content == b'{"events":[%s],"next":"%s"}' % (b",".join(bodies), cursor.encode())


async def test_pages_follow_one_another_and_the_last_cursor_is_where_to_resume(
    reader: Reader,
) -> None:
    nothing, beginning = await reader.read()
    assert nothing == []
    for n in (1, 2, 3):
        await reader.comes(n)

    first, cursor = await reader.read(after=beginning, limit="2")
    assert (first, await reader.read(limit="2")) == (["evt_1", "evt_2"], (first, cursor))
    second, cursor = await reader.read(after=cursor, limit="2")
    assert second == ["evt_3"]
    assert await reader.read(after=cursor) == ([], cursor)
    await reader.comes(4)
    assert (await reader.read(after=cursor))[0] == ["evt_4"]


async def test_one_cases_events_alone(reader: Reader) -> None:
    for n, case in enumerate(("case_1", "case_2", "case_1"), 1):
        await reader.comes(n, case, sequence=n)
    assert (await reader.read(case_id="case_1"))[0] == ["evt_1", "evt_3"]
    first, cursor = await reader.read(case_id="case_1", limit="1")
    assert (first, (await reader.read(case_id="case_1", after=cursor))[0]) == (["evt_1"], ["evt_3"])
    assert (await reader.read(case_id="case_9"))[0] == []


async def test_a_repeated_notification_is_one_event(reader: Reader) -> None:
    body = await reader.comes(1)
    assert await notify(reader.house, body, event_id="evt_1") == 200
    assert (await reader.read())[0] == ["evt_1"]


async def test_each_organization_sees_its_own(reader: Reader) -> None:
    other = await stranger(reader.house)
    await reader.comes(1)
    await other.comes(2)
    ours, _ = await reader.read()
    theirs, cursor = await other.read()
    assert (ours, theirs) == (["evt_1"], ["evt_2"])
    assert (await other.read(case_id="case_1"))[0] == ["evt_2"]
    refused = await reader.get(after=cursor)
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "Invalid value for field: after"},
    )


async def test_what_came_before_a_restart_is_there_after_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        reader = Reader(house, await house.token(), await house.organization_id())
        await reader.comes(1)
        _, cursor = await reader.read()
        await reader.comes(2)
    async with open_house(tmp_path) as house:
        again = Reader(house, reader.token, reader.organization_id)
        assert (await again.read(after=cursor))[0] == ["evt_2"]
        await again.comes(3)
        assert (await again.read())[0] == ["evt_1", "evt_2", "evt_3"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=x", "after"),
        ("after=f_7_7", "after"),
        ("after=%00", "after"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("case_id=", "case_id"),
        ("case_id=%20", "case_id"),
        ("case_id=a%00b", "case_id"),
        ("case_id=a&case_id=b", "case_id"),
        ("wait=", "wait"),
        ("wait=-1", "wait"),
        ("wait=1e1", "wait"),
        ("wait=nan", "wait"),
        ("wait=25.001", "wait"),
        ("wait=26", "wait"),
    ],
)
async def test_what_cannot_be_used_is_named_and_not_repeated(
    reader: Reader, query: str, field: str
) -> None:
    headers = {"Authorization": f"Bearer {reader.token}"}
    answer = await reader.house.http.get(f"{EVENTS}?{query}", headers=headers)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": f"Invalid value for field: {field}"},
    )


async def test_it_takes_a_token(reader: Reader) -> None:
    assert (await reader.house.get(EVENTS)).status_code == 401
    assert (await reader.house.get(EVENTS, wait="20")).status_code == 401


# -- waiting -------------------------------------------------------------------------------------


async def test_what_is_there_already_is_not_waited_for(reader: Reader) -> None:
    await reader.comes(1)
    answer = await soon(reader.get(wait="25"))
    assert [one["id"] for one in answer.json()["events"]] == ["evt_1"]


async def test_the_next_event_ends_the_wait(reader: Reader) -> None:
    await reader.comes(1)
    _, cursor = await reader.read()
    waiting = asyncio.create_task(reader.get(wait="25", after=cursor))
    await reader.are_waiting(1)
    body = await reader.comes(2)

    answer = await soon(waiting)
    assert [one["id"] for one in answer.json()["events"]] == ["evt_2"]
    assert body in answer.content
    assert reader.house.gateway.context.feed_watch.waiting == 0


async def test_whoever_waits_for_one_case_sleeps_on_while_others_move(reader: Reader) -> None:
    waiting = asyncio.create_task(reader.get(wait="25", case_id="case_1"))
    await reader.are_waiting(1)
    await reader.comes(1, "case_2")
    await reader.comes(2, "case_2", sequence=2)
    await reader.comes(3, "case_1", sequence=1)
    assert [one["id"] for one in (await soon(waiting)).json()["events"]] == ["evt_3"]


async def test_a_strangers_event_ends_nobodys_wait(reader: Reader) -> None:
    other = await stranger(reader.house)
    waiting = asyncio.create_task(reader.get(wait="25"))
    await reader.are_waiting(1)
    await other.comes(1)
    await reader.comes(2)
    assert [one["id"] for one in (await soon(waiting)).json()["events"]] == ["evt_2"]


async def test_where_nothing_comes_the_answer_is_empty_and_tells_where_to_resume(
    reader: Reader,
) -> None:
    await reader.comes(1)
    _, cursor = await reader.read()
    answer = await soon(reader.get(wait="0.01", after=cursor))
    assert (answer.status_code, answer.json()) == (200, {"events": [], "next": cursor})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the gateways have their store; ``None`` for a file."""
    if request.param == "sqlite":
        yield None
        return
    made = server().new_database()
    yield made
    server().drop_database(made)


async def test_an_event_that_another_gateway_accepts_ends_the_wait(
    tmp_path: Path, url: str | None
) -> None:
    async with (
        open_house(tmp_path, database_url=url) as house,
        open_house(tmp_path, database_url=url) as beside,
    ):
        reader = Reader(house, await house.token(), await house.organization_id())
        waiting = asyncio.create_task(reader.get(wait="25"))
        await reader.are_waiting(1)
        await Reader(beside, reader.token, reader.organization_id).comes(1)
        assert [one["id"] for one in (await soon(waiting)).json()["events"]] == ["evt_1"]


async def test_no_more_may_wait_than_an_organization_is_allowed(reader: Reader) -> None:
    waiting = [asyncio.create_task(reader.get(wait="25")) for _ in range(8)]
    await reader.are_waiting(8)
    refused = await soon(reader.get(wait="25"))
    assert (refused.status_code, refused.json()) == (429, {"error": "Too many requests"})
    assert refused.headers["Retry-After"] == "1"
    assert (await reader.read())[0] == [], "who doesn't wait is answered"

    await reader.comes(1)
    for one in waiting:
        assert [event["id"] for event in (await soon(one)).json()["events"]] == ["evt_1"]


async def test_who_is_shut_out_meanwhile_gets_nothing_that_comes_after(reader: Reader) -> None:
    waiting = asyncio.create_task(reader.get(wait="25"))
    await reader.are_waiting(1)
    assert (await reader.house.act("deactivate")).status_code == 200
    await reader.comes(1)
    assert (await soon(waiting)).status_code == 403


async def test_when_the_server_is_about_to_stop_nobody_waits_any_more(reader: Reader) -> None:
    waiting = asyncio.create_task(reader.get(wait="25"))
    await reader.are_waiting(1)
    reader.house.gateway.end_waits()
    answer = await soon(waiting)
    assert (answer.status_code, answer.json()["events"]) == (200, [])
    late = await soon(reader.get(wait="25"))
    assert (late.status_code, late.json()) == (200, answer.json())


async def test_one_that_has_gone_away_waits_no_longer(reader: Reader) -> None:
    sent: list[object] = []
    came: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    scope: dict[str, object] = {
        "type": "http",
        "method": "GET",
        "path": EVENTS,
        "root_path": "",
        "query_string": b"wait=25",
        "headers": [(b"authorization", f"Bearer {reader.token}".encode())],
        "client": ("203.0.113.7", 1),
    }

    async def send(message: object) -> None:
        sent.append(message)

    app = create_app(reader.house.settings, [reader.house.gateway])
    call = asyncio.create_task(app(scope, came.get, send))
    came.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    await reader.are_waiting(1)
    came.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(call, SOON)
    assert (sent, reader.house.gateway.context.feed_watch.waiting) == ([], 0)


async def test_who_waits_costs_no_queries_while_nothing_happens(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = reader.house.gateway.context.relay
    asked: list[list[str]] = []
    original = relay.feed_ends

    def noted(owners: list[str]) -> Any:
        asked.append(owners)
        return original(owners)

    monkeypatch.setattr(relay, "feed_ends", noted)
    waiting = [asyncio.create_task(reader.get(wait="0.2")) for _ in range(3)]
    await reader.are_waiting(3)
    for one in waiting:
        assert json.loads((await soon(one)).content)["events"] == []
    assert 1 <= len(asked) <= 5, "once for those who came, and not again and again"
    assert all(owners == [reader.organization_id] for owners in asked)
