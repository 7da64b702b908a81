"""A started portal for each test, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.server.configuration.settings import Settings
from tests.integration.portal.desk import Captor, Clock, Desk, make_settings
from tests.postgres import server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Return the settings of a portal with an empty database."""
    settings = make_settings(tmp_path)
    if request.param == "sqlite":
        yield settings
        return
    url = server().new_database()
    yield attrs.evolve(settings, database_url=url)
    server().drop_database(url)


@pytest.fixture
async def desk(settings: Settings, clock: Clock, captor: Captor) -> AsyncIterator[Desk]:
    """Return a portal whose notifications all arrive."""
    desk = Desk(settings, clock=clock, captor=captor)
    await desk.portal.start()
    async with desk.http:
        yield desk
    await desk.portal.stop()


@pytest.fixture
async def case_id(desk: Desk) -> str:
    """Return a case that is being worked on."""
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress")
    return case_id
