"""A gateway of its own for each test, and a portal behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.gateway.parts import House, StandInPortal, open_house
from tests.postgres import new_database, server

ON_BOTH = frozenset({"test_cases", "test_subscription_calls"})
"""The modules whose gateways are run on either kind of database."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module on PostgreSQL too."""
    name = metafunc.module.__name__.rpartition(".")[2]
    if name in ON_BOTH and "house" in metafunc.fixturenames:
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Return the URL of an empty database, ``None`` for a file in the data folder."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
        return
    url = new_database()
    yield url
    server().drop_database(url)


@pytest_asyncio.fixture
async def portal() -> AsyncIterator[StandInPortal]:
    async with StandInPortal().running() as portal:
        yield portal


@pytest_asyncio.fixture
async def house(
    tmp_path: Path, portal: StandInPortal, database: str | None
) -> AsyncIterator[House]:
    async with open_house(tmp_path, portal_url=portal.url, database_url=database) as house:
        yield house
