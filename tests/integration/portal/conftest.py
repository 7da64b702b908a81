"""A started portal for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import pytest

from tests.integration.portal.desk import Captor, Clock, Desk, make_settings
from tests.postgres import new_database, server

ON_BOTH = frozenset({"test_allocation", "test_intake", "test_submissions"})
"""The modules whose portals are run on either kind of database."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module on PostgreSQL too."""
    name = metafunc.module.__name__.rpartition(".")[2]
    if name in ON_BOTH and "desk" in metafunc.fixturenames:
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


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def captor() -> Captor:
    return Captor()


@pytest.fixture
async def desk(
    tmp_path: Path, clock: Clock, captor: Captor, database: str | None
) -> AsyncIterator[Desk]:
    """Return a portal whose notifications all arrive."""
    settings = attrs.evolve(make_settings(tmp_path), database_url=database)
    desk = Desk(settings, clock=clock, captor=captor)
    await desk.portal.start()
    async with desk.http:
        yield desk
    await desk.portal.stop()
