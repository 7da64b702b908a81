"""An empty PostgreSQL database for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Server, server


@pytest.fixture(scope="session")
def postgres() -> Server:
    return server()


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)
