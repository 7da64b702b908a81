"""A gateway of its own for each test, and a portal behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.integration.gateway.parts import House, StandInPortal, open_house


@pytest_asyncio.fixture
async def portal() -> AsyncIterator[StandInPortal]:
    async with StandInPortal().running() as portal:
        yield portal


@pytest_asyncio.fixture
async def house(tmp_path: Path, portal: StandInPortal) -> AsyncIterator[House]:
    async with open_house(tmp_path, portal_url=portal.url) as house:
        yield house
