"""A real MariaDB server for the tests, where the system has one (Debian: `mariadb-server-core`).

It listens on a local socket only, knows no passwords, and is gone with the process that asked for
it.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import REQUIRE

_LONGEST_START = 60.0


class Server:
    """A running server, which stops and takes its files along when this process ends."""

    def __init__(self, program: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="maria-"))
        self._socket = self._folder / "socket"
        options = {
            "datadir": self._folder,
            "socket": self._socket,
            "pid-file": self._folder / "pid",
            "lc-messages-dir": Path(program).parent.parent / "share" / "mysql",
            "innodb-flush-log-at-trx-commit": 2,  # as with PostgreSQL: the disk is not tested
            "innodb-buffer-pool-size": "16M",
        }
        as_root = ("--user=root",) if os.getuid() == 0 else ()  # it refuses, unless it is told to
        flags = ("--no-defaults", "--skip-grant-tables", "--skip-networking", "--skip-log-error")
        self._process = subprocess.Popen(
            [program, *flags, *as_root, *(f"--{name}={value}" for name, value in options.items())],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self._stop)
        self._wait()

    def url(self, database: str = "") -> str:
        """Return the URL of a database."""
        return f"mysql+pymysql://root@localhost/{database}?unix_socket={self._socket}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self._run(f"CREATE DATABASE {name}")
        return self.url(name)

    def _run(self, statement: str) -> None:
        engine = sa.create_engine(self.url(), poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def _wait(self) -> None:
        ends = time.monotonic() + _LONGEST_START
        while not self._socket.exists():  # it listens then
            if time.monotonic() > ends or self._process.poll() is not None:
                pytest.fail("MariaDB does not start")
            time.sleep(0.05)

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def _shared(program: str) -> Server:
    return Server(program)


def server() -> Server:
    """Return the server that this process's tests share, started with the first call.

    Skips the test where there is none, unless `FULFILLMENT_TEST_REQUIRE` names `mariadb`.
    """
    program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or find_spec("pymysql") is None:
        line = "MariaDB is not tested: mariadbd or pymysql is not installed"
        if "mariadb" in os.environ.get(REQUIRE, "").replace(",", " ").split():
            pytest.fail(line)
        pytest.skip(line)
    return _shared(program)
