"""What the gateway hands in (contract, section 4, "Inner hops")."""

from __future__ import annotations

import json

import pytest

from fulfillment_sdk.server.portal import intake
from fulfillment_sdk.server.portal.refusal import Refusal

GOOD = {"intake_id": "int_1", "organization_id": "550e8400-e29b", "case": {"plan": "x"}}


def test_an_order_is_read() -> None:
    order = intake.read(json.dumps(GOOD).encode())
    assert (order.intake_id, order.organization_id) == ("int_1", "550e8400-e29b")
    assert order.case == {"plan": "x"}
    assert "plan" not in repr(order)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'{"intake_id":"a","intake_id":"a","organization_id":"b","case":{}}',
        json.dumps(GOOD | {"intake_id": ""}).encode(),
        json.dumps(GOOD | {"intake_id": "a b"}).encode(),
        json.dumps(GOOD | {"intake_id": "a" * 129}).encode(),
        json.dumps(GOOD | {"organization_id": None}).encode(),
        json.dumps(GOOD | {"case": None}).encode(),
        b'{"intake_id":"a","organization_id":"b","case":' + b'{"a":' * 33 + b"1" + b"}" * 34,
    ],
)
def test_anything_else_is_no_fault_of_the_partner(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        intake.read(body)
    assert caught.value.status == 422


def test_the_digest_leaves_the_timestamp_out() -> None:
    order = intake.read(json.dumps(GOOD | {"case": {"plan": "x", "src_ts": "1"}}).encode())
    assert order.digest == intake.read(json.dumps(GOOD).encode()).digest
