"""What a receiver asks of its cases on PostgreSQL: by the key, however many there are."""

from __future__ import annotations

import json

import sqlalchemy as sa

from fulfillment_sdk.receiver.cases import statements
from fulfillment_sdk.receiver.cases.schema import SCHEMA
from fulfillment_sdk.relay import SCHEMA as RELAY
from fulfillment_sdk.store import Sealer, Store
from fulfillment_sdk.store.driver import execute

GIVEN = "WITH given AS (SELECT * FROM unnest(%b::text[]) AS given(case_id))"
IDS = [f"case_{number}" for number in range(100)]


def test_a_plan_that_is_made_before_anything_was_analyzed_reads_no_table_of_cases_through(
    postgres_url: str,
) -> None:
    def plan(connection: sa.Connection) -> str:
        latest = [{"case_id": id, "next": 1, "holes": "", "held": 0, "last_at": 0} for id in IDS]
        rows = [
            *execute(connection, f"EXPLAIN {GIVEN} {statements.FIND_OR_MAKE.sql}", (IDS,)),
            *execute(connection, f"EXPLAIN {statements.ADD_AND_SAVE}", ("[]", json.dumps(latest))),
        ]
        return "\n".join(line for (line,) in rows)

    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(postgres_url, schemas=[RELAY, SCHEMA], sealer=sealer) as store:
        told = store.write(plan).result(20)

    assert "receiver_cases_pkey" in told
    assert "Seq Scan on receiver_cases" not in told
