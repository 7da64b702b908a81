"""A started portal for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.portal.desk import Captor, Clock, Desk, make_settings


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def captor() -> Captor:
    return Captor()


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock, captor: Captor) -> AsyncIterator[Desk]:
    """Return a portal whose notifications all arrive."""
    desk = Desk(make_settings(tmp_path), clock=clock, captor=captor)
    await desk.portal.start()
    async with desk.http:
        yield desk
    await desk.portal.stop()
