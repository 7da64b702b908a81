"""Engines for the two kinds of database: SQLite (WAL, FULL) and PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from fulfillment_sdk.errors import ConfigurationError, MissingExtra
from fulfillment_sdk.store.driver import translated
from fulfillment_sdk.store.private_files import make_private_folder
from fulfillment_sdk.store.session import KEEPALIVES, refuse_if_gone, settle_in

_SQLITE_NEEDED = (3, 35)  # the first with RETURNING
_BUSY_SECONDS = 5.0

# `synchronous=FULL` is what makes a commit an fsync: nothing is acknowledged on less.
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
)


def is_sqlite(url: str) -> bool:
    """Tell whether `url` names an SQLite file."""
    return _parse(url).get_backend_name() == "sqlite"


def check_driver(url: str) -> None:
    """Check that `url` can be read, and that what connects to its database is installed.

    Raises:
        ConfigurationError: the URL is not understood, or names a database we don't know.
        MissingExtra: the extra `postgres` is not installed.
    """
    if not is_sqlite(url) and find_spec("psycopg") is None:
        raise MissingExtra("psycopg", "postgres")


def sqlite_path(url: str) -> Path:
    """Return the file that an SQLite `url` names, whatever symbolic links lead to it.

    SQLite puts its own files beside that one too.
    """
    return Path(os.path.realpath(str(_parse(url).database)))


def make_engine(url: str, *, readonly: bool, pool: int = 8) -> sa.Engine:
    """Return an engine that opens its connections lazily.

    On SQLite a writing engine begins its transactions with `BEGIN IMMEDIATE`; a reading one can't
    write at all. (On a server both kinds of transactions share one engine: see `reading`.)

    Raises:
        ConfigurationError: as for `check_driver`.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, readonly=readonly, pool=pool)
    check_driver(url)
    try:
        engine = sa.create_engine(
            parsed,
            pool_size=pool,
            max_overflow=0,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            connect_args=KEEPALIVES,
        )
    except (sa.exc.ArgumentError, ValueError, TypeError):
        raise _unreadable() from None
    sa.event.listen(engine, "connect", settle_in)
    sa.event.listen(engine, "checkout", refuse_if_gone)
    return reading(engine) if readonly else engine


def reading(engine: sa.Engine) -> sa.Engine:
    """Return a view of a server's engine whose transactions can't write.

    All statements of one see the same moment, as on SQLite.
    """
    return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")


def _parse(url: str) -> URL:
    if "\0" in url:
        raise _unreadable()
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise _unreadable() from None
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise ConfigurationError(
            "Only SQLite files and PostgreSQL can hold what must not be lost",
            remedy="Write the URL as sqlite:///path/to/file.db or postgresql://user@host/name.",
        )
    if parsed.query:  # databases in memory are among what it can ask for
        raise ConfigurationError(
            "A SQLite URL is a file's path and nothing more, and has no question mark in it",
            remedy="Write it as sqlite:///path/to/file.db, in folders without one.",
        )
    return parsed


def _unreadable() -> ConfigurationError:
    return ConfigurationError(
        "The database URL can't be read",
        remedy="Write it as sqlite:///path/to/file.db or postgresql://user:password@host:5432/name.",
    )


def _sqlite_engine(url: URL, *, readonly: bool, pool: int) -> sa.Engine:
    if sqlite3.sqlite_version_info < _SQLITE_NEEDED:
        raise ConfigurationError(
            f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or later is needed",
            remedy="Use a newer Python build, or PostgreSQL.",
        )
    path = Path(str(url.database))
    make_private_folder(path.parent)
    with contextlib.suppress(OSError):  # connecting tells what is wrong with the file
        path.touch(mode=0o600, exist_ok=True)
    engine = sa.create_engine(
        url,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False, "uri": False},
        hide_parameters=True,
        pool_size=pool,
        max_overflow=0,
    )
    begin = "BEGIN" if readonly else "BEGIN IMMEDIATE"

    # The driver's own transaction handling begins too late and commits too early: off with it.
    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (*_PRAGMAS, "PRAGMA query_only=ON") if readonly else _PRAGMAS:
            connection.execute(pragma)

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        with translated(connection, begin) as driver:
            driver.execute(begin)

    return engine
