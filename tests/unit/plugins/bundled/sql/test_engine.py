"""A database is named by its URL, which holds a password."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.plugins.bundled.sql import SqlSettings
from fulfillment_sdk.plugins.bundled.sql.engine import make_engine
from fulfillment_sdk.plugins.bundled.sql.sink import SqlSink
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import RetryPolicy


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hush", "The database URL can't be read"),
        ("", "The database URL can't be read"),
        ("postgresql://u:hush@host:port/name", "The database URL can't be read"),
        ("nosuch://u:hush@host/name", "a kind of database that is not known here"),
        ("postgres://u:hush@host/name", "correct the URL; PostgreSQL's begins with postgresql://"),
        ("postgresql+nosuch://u:hush@host/name", "a kind of database that is not known here"),
        ("mssql+pymssql://u:hush@host/name", r"The driver for mssql\+pymssql is not installed"),
        ("sqlite+aiosqlite:///hush.db", "is for asyncio alone"),
        ("postgresql+psycopg_async://u:hush@host/name", "is for asyncio alone"),
        ("sqlite://", "A database in memory is gone with its process"),
        ("sqlite:///:memory:", "A database in memory is gone with its process"),
        ("sqlite:///file::memory:?uri=true", "A database in memory is gone with its process"),
        ("sqlite:///file:hush?mode=memory&uri=true", "A database in memory is gone with"),
    ],
)
def test_a_url_that_can_t_be_used_is_refused_without_being_repeated(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        make_engine(url)

    assert "hush" not in str(refused.value)
    assert "hush" not in repr(refused.value)


def test_no_repr_holds_the_url() -> None:
    settings = SqlSettings("postgresql://user:hush@host/name")

    assert "hush" not in repr(settings)
    assert "hush" not in repr(SqlSink(settings))


def test_a_postgresql_url_needs_no_driver_s_name() -> None:
    assert make_engine("postgresql://user@host/name").dialect.driver == "psycopg"


def test_what_the_url_says_itself_is_left_to_it(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a.db'}?timeout=7")

    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 7000
    engine.dispose()


def test_making_a_sink_opens_nothing_and_makes_no_file(tmp_path: Path) -> None:
    table = {"kind": "sql", "url": f"sqlite:///{tmp_path / 'a.db'}"}

    destination, _ = SinkKinds.of(Plugins()).bind("cases", table, RetryPolicy())

    assert destination.concurrency == 64
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"cases": "a b"},
        {"history": "x; DROP TABLE y"},
        {"cases": "same", "history": "Same"},
        {"schema": ""},
        {"create": "yes"},
        {"tables": "x"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object], tmp_path: Path) -> None:
    table = {"kind": "sql", "url": f"sqlite:///{tmp_path / 'hush.db'}", **wrong}

    with pytest.raises(ConfigurationError) as refused:
        SinkKinds.of(Plugins()).bind("cases", table, RetryPolicy())

    assert "hush" not in str(refused.value)


def test_one_connection_is_all_it_takes(tmp_path: Path) -> None:
    pool = make_engine(f"sqlite:///{tmp_path / 'a.db'}").pool

    assert isinstance(pool, sa.pool.QueuePool)
    assert pool.size() == 1
