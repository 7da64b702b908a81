"""Statements in the driver's words, in SQLAlchemy's transaction."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay.tables.rows import each_row
from fulfillment_sdk.store import Store
from fulfillment_sdk.store.driver import execute

_QUARANTINED = "SELECT event_id FROM relay_quarantine ORDER BY id"
_PUT = "INSERT INTO relay_quarantine (event_id, at, why, digest, body) VALUES (?, 0, '', ?, ?)"


def put(connection: sa.Connection, *ids: str) -> None:
    each_row(connection, _PUT, [(one, b"digest", b"body") for one in ids])


def test_rows_that_were_put_in_are_there_for_who_asks(store: Store) -> None:
    store.write(lambda c: put(c, "e1", "e2")).result()

    assert store.read(lambda c: execute(c, _QUARANTINED)).result() == [("e1",), ("e2",)]


def test_what_a_driver_raises_is_told_as_sqlalchemy_tells_it_without_a_value(store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError) as told:
        store.write(lambda c: put(c, "Jane", "Jane")).result()

    assert "Jane" not in str(told.value)
    assert store.read(lambda c: execute(c, _QUARANTINED)).result() == []


def test_a_statement_that_fails_undoes_only_its_own_write(store: Store) -> None:
    def fails(connection: sa.Connection) -> None:
        put(connection, "e2")
        execute(connection, "SELECT * FROM nowhere")

    first, second, third = (
        store.write(lambda c: put(c, "e1")),
        store.write(fails),
        store.write(lambda c: put(c, "e3")),
    )
    first.result(), third.result()

    assert second.exception() is not None
    assert store.read(lambda c: execute(c, _QUARANTINED)).result() == [("e1",), ("e3",)]


def test_several_statements_of_a_read_see_one_state(store: Store) -> None:
    def twice(connection: sa.Connection) -> tuple[list[tuple[object, ...]], ...]:
        before = execute(connection, _QUARANTINED)
        store.write(lambda c: put(c, "e1")).result()
        return before, execute(connection, _QUARANTINED)

    assert store.read(twice).result() == ([], [])


def test_who_listens_to_sqlalchemys_statements_hears_of_these(store: Store) -> None:
    heard: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        heard.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        store.write(lambda c: put(c, "e1", "e2")).result()
        found = store.read(lambda c: execute(c, _QUARANTINED)).result()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)

    assert found == [("e1",), ("e2",)]
    assert {_PUT, _QUARANTINED} <= set(heard)
