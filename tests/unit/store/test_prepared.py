from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.store.engine import make_engine
from fulfillment_sdk.store.prepared import Prepared

METADATA = sa.MetaData()
THINGS = sa.Table(
    "things",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=True),
    sa.Column("bytes", sa.LargeBinary, nullable=True),
    sa.Column("ready", sa.Boolean, nullable=True),
)

INSERT = Prepared(lambda _: THINGS.insert(), columns=("id", "size", "bytes"))
FIND = Prepared(
    lambda _: sa.select(THINGS.c.size, THINGS.c.bytes).where(THINGS.c.id == sa.bindparam("wanted"))
)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    engine = make_engine(f"sqlite:///{tmp_path / 'things.db'}", readonly=False)
    METADATA.create_all(engine)
    return engine


def test_a_row_comes_back_as_it_was_put_in(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        INSERT.run(connection, id="a", size=7, bytes=b"\0\xff")
    with engine.begin() as connection:
        assert FIND.run(connection, wanted="a") == [(7, b"\0\xff")]
        assert FIND.run(connection, wanted="b") == []


def test_what_is_undone_is_not_there(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        INSERT.run(connection, id="a", size=None, bytes=None)
        connection.rollback()
        assert FIND.run(connection, wanted="a") == []


def test_an_update_writes_only_the_columns_that_it_names(engine: sa.Engine) -> None:
    update = Prepared(
        lambda _: THINGS.update().where(THINGS.c.id == sa.bindparam("which")), columns=("size",)
    )
    with engine.begin() as connection:
        INSERT.run(connection, id="a", size=7, bytes=b"x")
        INSERT.run(connection, id="b", size=8, bytes=b"y")
        update.run(connection, which="a", size=9)
        assert FIND.run(connection, wanted="a") == [(9, b"x")]
        assert FIND.run(connection, wanted="b") == [(8, b"y")]


def test_a_constant_of_the_statement_is_not_asked_for(engine: sa.Engine) -> None:
    small = Prepared(lambda _: sa.select(THINGS.c.id).where(THINGS.c.size < 8))
    with engine.begin() as connection:
        INSERT.run(connection, id="a", size=7, bytes=None)
        INSERT.run(connection, id="b", size=8, bytes=None)
        assert small.run(connection) == [("a",)]


def test_a_missing_value_is_an_error_and_not_null(engine: sa.Engine) -> None:
    with engine.begin() as connection, pytest.raises(KeyError):
        INSERT.run(connection, id="a", size=7)


def test_what_would_have_to_be_converted_is_refused(engine: sa.Engine) -> None:
    ready = Prepared(lambda _: sa.select(THINGS.c.ready))
    write = Prepared(lambda _: THINGS.insert(), columns=("id", "ready"))
    with engine.begin() as connection:
        with pytest.raises(TypeError, match="Boolean"):
            ready.run(connection)
        with pytest.raises(TypeError, match="Boolean"):
            write.run(connection, id="a", ready=True)


def test_the_drivers_errors_are_sqlalchemys_and_hide_the_values(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        INSERT.run(connection, id="of somebody", size=7, bytes=None)
        with pytest.raises(sa.exc.IntegrityError) as raised:
            INSERT.run(connection, id="of somebody", size=8, bytes=None)
    assert "of somebody" not in str(raised.value)


def test_it_is_put_together_once(engine: sa.Engine) -> None:
    built = []

    def build(_connection: sa.Connection) -> sa.Select[tuple[str]]:
        built.append(1)
        return sa.select(THINGS.c.id)

    statement = Prepared(build)
    with engine.begin() as connection:
        statement.run(connection)
        statement.run(connection)
    assert len(built) == 1


def test_who_listens_to_statements_hears_of_it(engine: sa.Engine) -> None:
    heard: list[str] = []
    with engine.begin() as connection:
        INSERT.run(connection, id="a", size=7, bytes=b"x")

        @sa.event.listens_for(connection, "before_cursor_execute")
        def _hear(_c: object, _cursor: object, statement: str, *_: object) -> None:
            heard.append(statement)

        assert FIND.run(connection, wanted="a") == [(7, b"x")]
    assert len(heard) == 1
