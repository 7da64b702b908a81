"""A database that has become read-only: 503 with `Retry-After`, and on again without a restart.

In this process: a file system that turns read-only can't be had without harming the machine.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import sqlalchemy as sa

from fulfillment_sdk import Receiver
from fulfillment_sdk.server.app import create_app
from fulfillment_sdk.server.portal import create_portal
from tests.integration.gateway.parts import BASE, CASE, StandInPortal, open_house
from tests.integration.portal import desk
from tests.unit.receiver.conftest import Inbox, signed

from ._events import event


class Databases:
    """Every database of this process; with `read_only` SQLite refuses to write them."""

    def __init__(self) -> None:
        self.read_only = False

    def checkout(self, connection: sqlite3.Connection, record: object, _proxy: object) -> None:
        """Set a connection that is about to be used."""
        assert isinstance(record, sa.pool.ConnectionPoolEntry)
        (its_own,) = connection.execute("PRAGMA query_only").fetchone()
        usual = record.info.setdefault("query_only", its_own)
        connection.execute(f"PRAGMA query_only={1 if self.read_only else usual}")


@pytest.fixture
def databases() -> Iterator[Databases]:
    found = Databases()
    sa.event.listen(sa.pool.Pool, "checkout", found.checkout)
    try:
        yield found
    finally:
        sa.event.remove(sa.pool.Pool, "checkout", found.checkout)


@pytest_asyncio.fixture
async def portal() -> AsyncIterator[StandInPortal]:
    async with StandInPortal().running() as running:
        yield running


async def test_a_read_only_database_at_the_gateway_is_a_503_and_no_case_is_made_twice(
    tmp_path: Path, portal: StandInPortal, databases: Databases
) -> None:
    async with open_house(tmp_path, portal_url=portal.url) as house:
        token = await house.token()
        databases.read_only = True
        refused = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
        assert portal.intakes == []
        databases.read_only = False
        created = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert created.status_code == 201
    assert len(portal.intakes) == 1


async def test_a_read_only_database_at_the_portal_is_a_503_and_the_same_order_is_taken_later(
    tmp_path: Path, databases: Databases
) -> None:
    settings = desk.make_settings(tmp_path)
    portal = create_portal(settings)
    transport = httpx.ASGITransport(create_app(settings, [portal]))
    await portal.start()
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as gateway:

            async def hand_in() -> httpx.Response:
                return await gateway.post(
                    "/portal/api/intake/",
                    json=desk.order("int_1"),
                    headers={"Authorization": f"Bearer {desk.INTAKE_TOKEN}"},
                )

            databases.read_only = True
            refused = await hand_in()
            databases.read_only = False
            created = await hand_in()
            assert (await hand_in()).content == created.content
    finally:
        await portal.stop()
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert created.status_code == 201


def test_a_read_only_database_at_the_receiver_is_a_503_and_the_event_is_taken_later(
    tmp_path: Path, databases: Databases
) -> None:
    inbox = Inbox()
    secret = "whsec_" + "QUJD" * 8
    body = event("evt_1", "case_1", 1)
    with Receiver([secret], tmp_path, [inbox], load_entry_points=False) as receiver:

        def notify() -> tuple[int, dict[str, str]]:
            reply = receiver.handle("POST", signed(body, at=time.time(), secret=secret), body)
            return reply.status, dict(reply.headers)

        databases.read_only = True
        status, headers = notify()
        assert (status, headers["retry-after"]) == (503, "5")
        databases.read_only = False
        assert notify()[0] == 202
        assert notify()[0] == 200
        assert inbox.take().id == "evt_1"
    assert inbox.is_empty
