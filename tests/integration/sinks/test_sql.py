"""The kind `sql` against real databases, and without what only two of them have."""

from __future__ import annotations

import asyncio
import itertools
import stat
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.bundled.sql import SqlSettings
from fulfillment_sdk.plugins.bundled.sql.recording import Recording
from fulfillment_sdk.plugins.bundled.sql.rows import Entry
from fulfillment_sdk.plugins.bundled.sql.sink import NO_OBJECT, SqlSink
from fulfillment_sdk.plugins.bundled.sql.tables import Tables
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry
from tests import mariadb, postgres
from tests.unit.plugins.bundled.deliveries import ACCEPTED_AT, about_a_case, delivery

AT = datetime.fromtimestamp(ACCEPTED_AT, UTC)
NOW = AT + timedelta(seconds=1)
STEPS = ("new", "allocated", "in_progress", "submitted", "qc_passed")


@attrs.frozen
class Database:
    """A database, what is in it, and the sinks that write there."""

    url: str = attrs.field(repr=False)
    portable: bool
    _sinks: list[SqlSink] = attrs.field(factory=list)

    async def open(self, **settings: Any) -> SqlSink:
        sink = SqlSink(
            SqlSettings(self.url, **settings), clock=NOW.timestamp, portable=self.portable
        )
        self._sinks.append(sink)
        await sink.open()
        return sink

    async def close(self) -> None:
        for sink in self._sinks:
            await sink.close()

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        names = ", ".join(columns) or "*"
        return self.run(f"SELECT {names} FROM {table} ORDER BY 1")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'audit.db'}"


def _postgres(_folder: Path) -> str:
    return postgres.new_database()


def _mariadb(_folder: Path) -> str:
    return mariadb.server().new_database()


MADE_BY: dict[str, Callable[[Path], str]] = {
    "sqlite": _sqlite,
    "sqlite portable": _sqlite,
    "postgresql": _postgres,
    "postgresql portable": _postgres,
    "mariadb": _mariadb,
}


@pytest.fixture(params=["sqlite", "sqlite portable", "postgresql", "mariadb"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = MADE_BY[request.param](tmp_path)
    made = Database(url, portable=request.param.endswith("portable"))
    yield made
    await made.close()


def step(number: int, case_id: str = "case_1", **more: Any) -> Delivery:
    return about_a_case(
        id=f"evt_{case_id}_{number}",
        case_id=case_id,
        sequence=number,
        previous_status=STEPS[number - 2] if number > 1 else None,
        new_status=STEPS[number - 1],
        **more,
    )


async def together(sink: SqlSink, deliveries: Sequence[Delivery]) -> list[Outcome]:
    return list(await asyncio.gather(*[sink.deliver(one) for one in deliveries]))


async def test_one_event_that_can_t_be_read_hurts_none_beside_it(database: Database) -> None:
    sink = await database.open()

    outcomes = await together(sink, [step(1), delivery(b"<html>", id="evt_x"), step(1, "case_2")])

    assert outcomes == [Delivered(), NO_OBJECT, Delivered()]
    assert database.rows("fulfillment_events", "event_id") == [("evt_case_1_1",), ("evt_case_2_1",)]


async def test_an_event_that_can_t_be_read_is_refused_also_where_it_is_alone(
    database: Database,
) -> None:
    sink = await database.open()

    assert await sink.deliver(delivery(b"[]")) == NO_OBJECT
    assert database.rows("fulfillment_events") == []


async def test_an_event_that_comes_again_changes_nothing(database: Database) -> None:
    sink = await database.open()
    await together(sink, [step(1)])
    await together(sink, [step(2)])
    before = (database.rows("fulfillment_cases"), database.rows("fulfillment_events"))

    outcomes = await together(sink, [step(1), step(2), step(1)])

    assert outcomes == [Delivered()] * 3
    assert (database.rows("fulfillment_cases"), database.rows("fulfillment_events")) == before


async def test_an_event_that_is_there_twice_at_once_is_recorded_once(database: Database) -> None:
    sink = await database.open()

    assert await together(sink, [step(1), step(1), step(1)]) == [Delivered()] * 3

    assert database.rows("fulfillment_cases", "case_id", "events") == [("case_1", 1)]


async def test_events_out_of_order_leave_a_case_where_the_newest_put_it(
    database: Database,
) -> None:
    sink = await database.open()

    await together(sink, [step(3)])
    await together(sink, [step(1), step(5), step(2)])
    await together(sink, [step(4)])

    assert database.rows("fulfillment_cases", "status", "sequence", "events") == [
        ("qc_passed", 5, 5)
    ]
    assert len(database.rows("fulfillment_events")) == 5


async def test_everything_that_was_disclosed_can_be_asked_for(database: Database) -> None:
    sink = await database.open()
    data: dict[str, Any] = {
        "reference_number": "HL-CMS-000123",
        "organization_id": "org",
        "actor": "qc",
    }
    more: dict[str, Any] = {
        "reason": "approved",
        "final": False,
        "transition_id": "trn_1",
        "outcome": "positive",
    }
    told = about_a_case(
        type="case.completed",
        sequence=6,
        previous_status="submitted",
        new_status="qc_passed",
        timestamp="2025-04-06T18:00:00+02:00",
        completed_at="2025-04-06T16:00:00Z",
        note="née \u0000 😀",
        **data,
        **more,
    )

    assert await sink.deliver(told) == Delivered()

    columns = (*data, *more, "type", "new_status", "body", "received_at", "recorded_at")
    ((*known, kind, status, body, received_at, recorded_at),) = database.rows(
        "fulfillment_events", *columns
    )
    assert known == [*data.values(), *more.values()]
    assert (kind, status, body) == ("case.completed", "qc_passed", told.body.decode())
    assert str(received_at)[:19] == "2025-04-06 16:00:00"
    assert str(recorded_at)[:19] == "2025-04-06 16:00:01"
    ((case_id, at, done),) = database.rows(
        "fulfillment_cases", "case_id", "changed_at", "completed_at"
    )
    assert case_id == "case_1"
    assert {str(at)[:19], str(done)[:19]} == {"2025-04-06 16:00:00"}


async def test_an_event_about_no_case_is_in_the_history_alone(database: Database) -> None:
    sink = await database.open()

    assert await sink.deliver(delivery(b'{"data":{}}', type="weather.changed")) == Delivered()

    assert database.rows("fulfillment_events", "event_id", "type", "case_id") == [
        ("evt_1", "weather.changed", None)
    ]
    assert database.rows("fulfillment_cases") == []


async def test_ids_differ_in_the_case_of_their_letters(database: Database) -> None:
    sink = await database.open()

    await together(sink, [step(1, "case_a"), step(1, "case_A")])

    assert len(database.rows("fulfillment_cases")) == 2
    assert len(database.rows("fulfillment_events")) == 2


@pytest.mark.parametrize("database", MADE_BY, indirect=True)
async def test_two_writers_at_once_record_each_event_once(database: Database) -> None:
    first, second = await database.open(), await database.open()
    events = [step(number, f"case_{n:02}") for n in range(20) for number in (1, 2, 3)]
    waiting = {one.id: one for one in events}

    while waiting:  # as a relay would: what was to be tried again is
        both = await asyncio.gather(
            together(first, list(waiting.values())),
            together(second, list(reversed(waiting.values()))),
        )
        told = zip(waiting, both[0], reversed(both[1]), strict=True)
        done = [one for one, a, b in told if isinstance(a, Delivered) and isinstance(b, Delivered)]
        for one in done:
            del waiting[one]

    assert database.rows("fulfillment_cases", "case_id", "status", "events") == [
        (f"case_{n:02}", "in_progress", 3) for n in range(20)
    ]


async def test_tables_that_are_there_are_used_and_not_made(database: Database) -> None:
    await (await database.open()).deliver(step(1))

    again = await database.open(create=False)

    assert await again.deliver(step(2)) == Delivered()
    assert database.rows("fulfillment_cases", "status") == [("allocated",)]


async def test_tables_that_nobody_made_are_named(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match="lacks fulfillment_cases, fulfillment_events"):
        await database.open(create=False)

    assert "lacks fulfillment_cases, fulfillment_events" in caplog.text


async def test_columns_that_are_missing_are_named(database: Database) -> None:
    database.run("CREATE TABLE fulfillment_cases (case_id VARCHAR(9), status VARCHAR(9))")

    with pytest.raises(ConfigurationError, match=r"lacks fulfillment_cases\.reference_number, "):
        await database.open()


async def test_tables_are_called_as_the_settings_say(database: Database) -> None:
    sink = await database.open(cases="Case", history="log")

    assert await sink.deliver(step(1)) == Delivered()
    assert len(database.rows("log")) == 1


async def test_several_that_open_at_once_make_the_tables_once(database: Database) -> None:
    sinks = await asyncio.gather(*[database.open() for _ in range(4)], return_exceptions=True)

    assert [one for one in sinks if isinstance(one, BaseException)] == []


async def test_a_table_that_went_away_is_waited_for(database: Database) -> None:
    sink = await database.open()
    database.run("DROP TABLE fulfillment_cases")

    outcome = await sink.deliver(step(1))
    assert isinstance(outcome, Retry)
    assert "case_1" not in outcome.why
    assert database.rows("fulfillment_events") == []

    await sink.open()
    assert await sink.deliver(step(1)) == Delivered()


async def test_a_value_that_does_not_fit_is_refused_alone_and_for_good() -> None:
    database = Database(postgres.new_database(), portable=False)
    sink = await database.open()
    database.run("ALTER TABLE fulfillment_events ALTER COLUMN reason TYPE varchar(8)")

    outcomes = await together(sink, [step(1), step(1, "case_2", reason="far too long")])
    await database.close()

    assert outcomes == [
        Delivered(),
        Reject("the database refuses a value: DataError (22001)"),
    ]
    assert database.rows("fulfillment_cases", "case_id") == [("case_1",)]


async def test_an_event_that_a_server_stumbles_over_holds_up_none_beside_it() -> None:
    database = Database(mariadb.server().new_database(), portable=False)
    sink = await database.open()
    # To this driver a failure like one of the server's own.
    database.run("ALTER TABLE fulfillment_events ADD CONSTRAINT mine CHECK (reason <> 'odd')")

    outcomes = await together(sink, [step(1), step(1, "case_2", reason="odd"), step(1, "case_3")])
    await database.close()

    assert outcomes == [Delivered(), Retry("OperationalError (23000)"), Delivered()]


@pytest.mark.parametrize(("seconds", "tries"), [(0.0, 3), (5.0, 1)])
async def test_of_a_database_in_trouble_not_every_event_asks(
    seconds: float, tries: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, asked = itertools.count(step=seconds), []

    def fail(_: Recording, entries: Sequence[Entry], **_now: datetime) -> int:
        asked.append(len(entries))
        raise sa.exc.OperationalError("", None, Exception())

    monkeypatch.setattr(Recording, "record", fail)
    sink = SqlSink(SqlSettings(_sqlite(tmp_path)), timer=lambda: float(next(times)))

    outcomes = await together(sink, [step(1, f"case_{n}") for n in range(9)])
    await sink.close()

    assert outcomes == [Retry("OperationalError")] * 9
    assert len(asked) == tries


async def test_a_letter_that_the_driver_can_t_write_is_refused_alone_and_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Recording.record

    def in_latin_1(self: Recording, entries: Sequence[Entry], *, now: datetime) -> int:
        for entry in entries:
            entry.body.encode("latin-1")
        return record(self, entries, now=now)

    monkeypatch.setattr(Recording, "record", in_latin_1)
    database = Database(_sqlite(tmp_path), portable=False)
    sink = await database.open()
    odd = delivery('{"data":{"remark":"ケース"}}'.encode(), id="evt_odd")

    outcomes = await together(sink, [step(1), odd])
    await database.close()

    assert outcomes == [
        Delivered(),
        Reject("the database refuses a value: UnicodeEncodeError"),
    ]


async def test_a_server_that_cut_the_connection_is_connected_to_anew() -> None:
    url = postgres.new_database()
    database = Database(url, portable=False)
    sink = await database.open()
    await sink.deliver(step(1))
    postgres.server().disconnect_all(url)

    assert await sink.deliver(step(2)) == Delivered()
    await database.close()


async def test_closing_leaves_no_connection_behind_and_it_may_be_opened_anew() -> None:
    url = postgres.new_database()
    sink = SqlSink(SqlSettings(url))
    for number in (1, 2):
        await sink.open()
        assert await sink.deliver(step(number)) == Delivered()
        await sink.close()

    # Nobody may be connected to a database that is dropped; the server waits for those who leave.
    postgres.server().run(f"DROP DATABASE {sa.make_url(url).database}")


async def test_a_server_that_is_not_there_is_waited_for() -> None:
    nowhere = SqlSink(SqlSettings("postgresql://user:hush@127.0.0.1:1/name"))

    with pytest.raises(sa.exc.OperationalError):
        await nowhere.open()
    outcome = await nowhere.deliver(step(1))
    await nowhere.close()

    assert outcome == Retry("OperationalError")


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite:///file:{}?uri=true"])
async def test_a_file_is_made_for_its_owner_alone(url: str, tmp_path: Path) -> None:
    database = Database(url.format(tmp_path / "audit.db"), portable=False)
    await database.open()
    await database.close()

    assert stat.S_IMODE((tmp_path / "audit.db").stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["audit.db"]


def until_somebody_waits(database: Database) -> None:
    looks = (database.run("SELECT 1 FROM pg_locks WHERE NOT granted") for _ in range(1000))
    assert any(looks), "nobody waits"


async def test_a_case_that_another_writer_is_at_is_waited_for_and_no_step_of_it_is_lost() -> None:
    database = Database(postgres.new_database(), portable=False)
    sink = await database.open()
    await sink.deliver(step(1))
    tables = Tables.of(SqlSettings(database.url))
    other = Entry.of(step(2))
    assert other is not None

    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.begin() as elsewhere:
        Recording(elsewhere, tables).record([other], now=NOW)
        waiting = asyncio.ensure_future(sink.deliver(step(3)))
        await asyncio.to_thread(until_somebody_waits, database)
    outcome = await waiting
    await database.close()

    assert outcome == Delivered()
    assert database.rows("fulfillment_cases", "status", "sequence", "events") == [
        ("in_progress", 3, 3)
    ]


async def test_a_row_that_somebody_holds_is_tried_again_later() -> None:
    database = Database(postgres.new_database(), portable=False)
    sink = await database.open()
    await sink.deliver(step(1))
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.begin() as elsewhere:
        elsewhere.exec_driver_sql("LOCK TABLE fulfillment_cases")
        held = await sink.deliver(step(2))

    assert held == Retry("OperationalError (55P03)")
    assert await sink.deliver(step(2)) == Delivered()
    await database.close()


async def test_a_locked_file_is_tried_again_later(tmp_path: Path) -> None:
    database = Database(_sqlite(tmp_path) + "?timeout=0.05", portable=False)
    sink = await database.open()
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        engine = sa.create_engine(_sqlite(tmp_path), poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            held.set()
            let_go.wait(20)

    holding = threading.Thread(target=hold)
    holding.start()
    await asyncio.to_thread(held.wait, 10)
    outcome = await sink.deliver(step(1))
    let_go.set()
    await asyncio.to_thread(holding.join)

    assert outcome == Retry("OperationalError")
    assert await sink.deliver(step(1)) == Delivered()
    await database.close()
