"""What a receiver asks of its cases on PostgreSQL: by the key, however many there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from fulfillment_sdk.receiver.cases import rows, statements, waiting
from fulfillment_sdk.receiver.cases.facts import Fact
from fulfillment_sdk.receiver.cases.judge import Rules
from fulfillment_sdk.receiver.cases.ledger import Ledger
from fulfillment_sdk.receiver.cases.schema import METADATA, SCHEMA
from fulfillment_sdk.relay import SCHEMA as RELAY
from fulfillment_sdk.relay import Destination, Relay
from fulfillment_sdk.relay.tables.rows import Columns, by_keys
from fulfillment_sdk.store import Sealer, Store
from fulfillment_sdk.store.driver import execute
from tests.unit.receiver.cases.conftest import Taker, arrival
from tests.unit.receiver.cases.facts import step

GIVEN = "WITH given AS (SELECT * FROM unnest(%b::text[]) AS given(case_id))"
IDS = [f"case_{number}" for number in range(100)]
PATIENCE = 60
MANY = 20_000

IN_RARE_CASES: dict[str, tuple[Columns, str]] = {
    "due": ({"now": "float8"}, statements.DUE.format(most=50)),
    "next": ({}, statements.NEXT),
    "look": (statements.LOOK.columns, statements.LOOK.sql),
    "free": (
        statements.FIND_FREE.columns,
        f"{statements.FIND_FREE.sql} {statements.FIND_FREE.locking}",
    ),
    "held": (statements.HELD.columns, statements.HELD.sql),
    "let go": (statements.LET_GO.columns, statements.LET_GO.postgresql),
    "decide": (statements.DECIDE.columns, statements.DECIDE.postgresql),
    "twins by number": (statements.BY_SEQUENCE.columns, statements.BY_SEQUENCE.sql),
    "twins by likeness": (statements.BY_LIKENESS.columns, statements.BY_LIKENESS.sql),
}
"""Statements of transactions that go by keys, as they are planned for whatever values."""


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(postgres_url, schemas=[RELAY, SCHEMA], sealer=sealer) as opened:
        yield opened


def test_a_plan_that_is_made_before_anything_was_analyzed_reads_no_table_of_cases_through(
    store: Store,
) -> None:
    def plan(connection: sa.Connection) -> str:
        case = {"next": 1, "holes": "", "held": 0, "told": 1, "last_at": 0}
        latest = [{"case_id": id, **case} for id in IDS]
        rows = [
            *execute(connection, f"EXPLAIN {GIVEN} {statements.FIND_OR_MAKE.sql}", (IDS,)),
            *execute(connection, f"EXPLAIN {statements.ADD_AND_SAVE}", ("[]", json.dumps(latest))),
        ]
        return "\n".join(line for (line,) in rows)

    told = store.write(plan).result(PATIENCE)

    assert "receiver_cases_pkey" in told
    assert "Seq Scan on receiver_cases" not in told


def test_plans_go_by_keys_though_the_tables_were_analyzed_while_they_were_empty(
    store: Store, postgres_url: str
) -> None:
    """As with a server that was quiet, and has not got round to analyzing since."""
    _at_rest(postgres_url, f"VACUUM ANALYZE {', '.join(METADATA.tables)}, relay_events")

    assert _astray(store) == []


def test_plans_go_by_keys_though_the_tables_have_filled_since_they_were_analyzed(
    store: Store, postgres_url: str
) -> None:
    _at_rest(postgres_url, f"VACUUM ANALYZE {', '.join(METADATA.tables)}, relay_events")
    store.write(_fill).result(PATIENCE)

    assert _astray(store) == []


def _astray(store: Store) -> list[str]:
    """The statements that read a table through, or sort all that waits, with their plans."""

    def plans(connection: sa.Connection) -> dict[str, str]:
        by_keys(connection)
        execute(connection, "SET LOCAL plan_cache_mode = force_generic_plan")
        return {name: _plan(connection, *of) for name, of in IN_RARE_CASES.items()}

    found = store.write(plans).result(PATIENCE)
    return [
        f"{name}: {plan}"
        for name, plan in found.items()
        if any(word in plan for word in ("Seq Scan on re", "Hash Join", "Merge Join"))
        or ("Sort Key: h.until" in plan)
        or "Index" not in plan
    ]


def _plan(connection: sa.Connection, columns: Columns, sql: str) -> str:
    arrays = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    kinds = ", ".join(f"{kind}[]" for kind in columns.values())
    nulls = ", ".join("NULL" for _ in columns)
    given = f"WITH given AS (SELECT * FROM unnest({arrays}) AS given({', '.join(columns)}))"
    whole = f"{given} {sql}" if columns else sql
    connection.exec_driver_sql(f"PREPARE p{f'({kinds})' if columns else ''} AS {whole}")
    rows = connection.exec_driver_sql(f"EXPLAIN EXECUTE p{f'({nulls})' if columns else ''}")
    plan = "\n".join(line for (line,) in rows)
    connection.exec_driver_sql("DEALLOCATE p")
    return plan


def _fill(connection: sa.Connection) -> None:
    for table, columns, values in (
        (
            "relay_events",
            "id, event_id, lane, sequence, type, owner, accepted_at, digest, body",
            "n, 'evt_' || n, 'case_' || mod(n, 1000), n, 't', '', n, '', ''",
        ),
        (
            "receiver_history",
            "event, transition_id, origin, outcome, decided_at, alike",
            "n, '', 'webhook', 'applied', n, n",
        ),
        (
            "receiver_held",
            "event, event_id, case_id, until, labels",
            "n, 'evt_' || n, 'case_' || mod(n, 1000), n, ''",
        ),
        (
            "receiver_cases",
            "case_id, next, holes, held, told, last_at",
            "'case_' || n, 1, '', 0, 1, n",
        ),
    ):
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM generate_series(1, {MANY}) AS n"
        )


def _at_rest(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "work",
    [
        lambda c: waiting.lock_due(c, now=0.0, most=1),
        lambda c: rows.lock_cases(c, ["case_1"]),
        waiting.next_until,
        waiting.waiting_cases,
        lambda c: rows.known_case(c, "case_1"),
    ],
    ids=["windows that end", "cases that hold", "when", "what waits", "a case"],
)
def test_what_may_find_a_table_just_filled_goes_by_keys_for_the_rest_of_its_transaction(
    work: Callable[[sa.Connection], object], store: Store
) -> None:
    def watched(connection: sa.Connection) -> str:
        connection.exec_driver_sql(
            "INSERT INTO receiver_cases (case_id, next, holes, held, told, last_at) "
            "VALUES ('case_1', 1, '', 1, 1, 0)"
        )
        work(connection)
        return str(connection.exec_driver_sql("SHOW enable_seqscan").scalar_one())

    assert store.write(watched).result(PATIENCE) == "off"


def test_what_is_known_of_cases_costs_a_batch_one_round_trip_more(store: Store) -> None:
    relay = Relay(store, destinations=[Destination("d", "d")], sinks={"d": Taker()})
    ledger = Ledger(relay, Rules())
    one, other = ([step(n, f"{of}_{n}") for n in (1, 2)] for of in ("a", "b"))

    def counted(work: Callable[[sa.Connection], object]) -> int:
        said: list[str] = []

        def watched(connection: sa.Connection) -> None:
            def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
                said.append(statement)

            sa.event.listen(connection, "before_cursor_execute", note)
            work(connection)

        store.write(watched).result(PATIENCE)
        return len(said)

    plain = counted(lambda c: relay.accept_in(c, [arrival(fact, "case_1").event for fact in one]))
    known = counted(lambda c: ledger.take_in(c, [arrival(fact, "case_2") for fact in other]))
    assert known == plain + 1


def test_facts_that_have_to_be_told_from_others_are_looked_for_by_keys(store: Store) -> None:
    relay = Relay(store, destinations=[Destination("d", "d")], sinks={"d": Taker()})
    ledger = Ledger(relay, Rules())

    def take(*facts: Fact) -> str:
        def work(connection: sa.Connection) -> str:
            ledger.take_in(connection, [arrival(fact) for fact in facts])
            return str(connection.exec_driver_sql("SHOW enable_seqscan").scalar_one())

        return store.write(work).result(PATIENCE)

    assert take(step(1), step(2)) == "on"
    assert take(step(2, "evt_again")) == "off"
