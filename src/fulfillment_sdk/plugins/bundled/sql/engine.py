"""Opening a database by its URL, whatever kind it is."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from fulfillment_sdk.errors import ConfigurationError, MissingExtra
from fulfillment_sdk.store.session import KEEPALIVES, settle_in

_BUSY_SECONDS = 5.0

_URI = "file:"  # as SQLite itself writes a database's name, with options behind it

# A peer that is gone without a word must not hold the sink for a quarter of an hour.
_PSYCOPG = ("postgresql", "psycopg")
_CONNECT_ARGUMENTS: dict[tuple[str, str], dict[str, Any]] = {
    _PSYCOPG: KEEPALIVES,
    ("sqlite", "pysqlite"): {"timeout": _BUSY_SECONDS, "check_same_thread": False},
    ("mysql", "pymysql"): {"connect_timeout": 10, "read_timeout": 30, "write_timeout": 30},
    ("mariadb", "pymysql"): {"connect_timeout": 10, "read_timeout": 30, "write_timeout": 30},
}


def make_engine(text: str) -> sa.Engine:
    """Return an engine with one connection, which is opened when it is first needed.

    Raises:
        ConfigurationError: the URL can't be read, its kind of database is not known, or the driver
            is not installed; the message holds nothing of the URL but its scheme.
    """
    url = _parse(text)
    driver = (url.get_backend_name(), url.get_driver_name())
    arguments = _CONNECT_ARGUMENTS.get(driver, {})
    given = {name: value for name, value in arguments.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url,
            poolclass=sa.pool.QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=given,
        )
    except ModuleNotFoundError:
        if driver == _PSYCOPG:
            raise MissingExtra("psycopg", "postgres") from None
        raise ConfigurationError(
            f"The driver for {url.drivername} is not installed",
            remedy="Install it, or name another one in the URL, as in mysql+pymysql://…",
        ) from None
    except (sa.exc.ArgumentError, ValueError, TypeError):
        raise _unreadable() from None
    if driver == _PSYCOPG:
        sa.event.listen(engine, "connect", settle_in)
    return engine


def make_private(engine: sa.Engine) -> None:
    """Make an SQLite database's file for its owner alone, unless it is there."""
    if engine.dialect.name == "sqlite":
        name = str(engine.url.database)
        if name.startswith(_URI):
            name = unquote(urlsplit(name).path)
        with contextlib.suppress(OSError):  # connecting tells what is wrong with it
            Path(name).touch(mode=0o600, exist_ok=True)


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        is_async = url.get_dialect().is_async
    except sa.exc.NoSuchModuleError:
        raise ConfigurationError(
            "The URL names a kind of database that is not known here",
            remedy="Install SQLAlchemy's dialect for it, or correct the URL; PostgreSQL's begins "
            "with postgresql://.",
        ) from None
    except (sa.exc.ArgumentError, ValueError):
        raise _unreadable() from None
    if is_async:
        raise ConfigurationError(
            f"The driver {url.get_driver_name()} is for asyncio alone",
            remedy="Name one that is not: the sink has a thread of its own.",
        )
    if url.get_backend_name() == "sqlite" and _is_in_memory(url):
        raise ConfigurationError(
            "A database in memory is gone with its process",
            remedy="Name a file: sqlite:///path/to/file.db.",
        )
    return url


def _is_in_memory(url: URL) -> bool:
    name = (url.database or "").removeprefix(_URI)
    return name in ("", ":memory:") or url.query.get("mode") == "memory"


def _unreadable() -> ConfigurationError:
    return ConfigurationError(
        "The database URL can't be read",
        remedy="Write it as postgresql://user:password@host:5432/name, or sqlite:///path/to/file.db.",
    )
