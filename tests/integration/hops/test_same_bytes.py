"""What the portal says reaches the partner byte for byte, signed anew on each hop.

Contract, section 4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fulfillment_sdk import signing, wire
from fulfillment_sdk.errors import SignatureError
from fulfillment_sdk.models import CaseCompleted
from tests.integration.gateway.parts import CASE, START
from tests.integration.hops.loop import Loop, open_loop

OLD, NEW, OTHER = (signing.new_secret() for _ in range(3))

TIMELINE = [
    (1, "case.status_changed", None, "new", "Case created"),
    (2, "case.status_changed", "new", "allocated", "Case allocated to worker"),
    (3, "case.status_changed", "allocated", "in_progress", "Case in progress"),
    (4, "case.status_changed", "in_progress", "submitted", "Case submitted for review"),
    (
        *(5, "case.status_changed", "submitted", "qc_passed"),
        "Case status changed from 'submitted' to 'qc_passed'",
    ),
    (
        *(6, "case.completed", "submitted", "qc_passed"),
        "Case completed - includes full verification data and report",
    ),
]

# Whatever can be written in more than one way in JSON.
AWKWARD = {
    "letters": 'Žofie 王 😀 \u2028 \u007f \u0000 </script> \\/ "',
    "numbers": [0, -0.0, 1e21, 1.10, 10**30, 123456789012345678901234567890],
    "empty": {"list": [], "object": {}, "text": "", "nothing": None},
    "ключ": True,
}


def is_signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Tell whether one secret alone vouches for a request."""
    now = float(headers["webhook-timestamp"])
    try:
        return signing.verify(headers, body, secrets=[secret], now=now).id != ""
    except SignatureError:
        return False


async def hire(loop: Loop) -> None:
    await loop.work("workers/", {"name": "Amina Odhiambo"})


async def test_the_documented_timeline_is_the_same_bytes_on_both_hops(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[NEW]) as loop:
        [secret] = await loop.subscribe()
        await hire(loop)
        case_id = await loop.create(**CASE, mine=AWKWARD)
        await loop.drive(
            case_id, "allocated", "in_progress", "submitted", "qc_passed", data=AWKWARD
        )
        arrived = await loop.arrived(6)
        assert loop.partner.arrived.empty()

    first_hop = [one for one in loop.notified.passed if one.path == "/gateway/notifications/"]
    assert [one.body for one in first_hop] == [body for _, body in arrived]
    for inner, (headers, body) in zip(first_hop, arrived, strict=True):
        event = json.loads(body)
        assert inner.headers["webhook-id"] == headers["webhook-id"] == event["id"]
        assert inner.status == 202
        assert is_signed(inner.headers, body, NEW)
        assert is_signed(headers, body, secret)
        assert not is_signed(inner.headers, body, secret)
        assert not is_signed(headers, body, NEW)
        for one in (inner.headers, headers):
            assert one["content-type"] == "application/json"
            assert one["user-agent"].startswith("FulfillmentPortal/")
            assert one["x-fulfillment-attempt"] == "1"
            assert abs(float(one["webhook-timestamp"]) - START) < 60

    events = [wire.load_event(body) for _, body in arrived]
    assert [
        (one.sequence, one.type, one.previous_status, one.new_status, one.message) for one in events
    ] == TIMELINE
    assert {one.case_id for one in events} == {case_id}
    assert len({one.id for one in events}) == 6
    completed = events[-1]
    assert isinstance(completed, CaseCompleted)
    data = json.loads(arrived[-1][1])["data"]
    assert data["case"]["request"] == {**CASE, "mine": AWKWARD}
    assert data["form_submissions"][0]["data"] == AWKWARD


async def test_a_completion_of_megabytes_is_the_same_bytes_on_both_hops(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[NEW]) as loop:
        await loop.subscribe()
        await hire(loop)
        case_id = await loop.create(**CASE)
        photographs = {"photographs": ["é" * 100_000] * 30}
        await loop.drive(
            case_id, "allocated", "in_progress", "submitted", "qc_passed", data=photographs
        )
        arrived = await loop.arrived(6)
    assert len(arrived[-1][1]) > 6_000_000
    assert [one.body for one in loop.notified.passed] == [body for _, body in arrived]


async def test_a_retry_has_the_same_bytes_and_id_and_a_signature_of_its_own_time(
    tmp_path: Path,
) -> None:
    async with open_loop(tmp_path, signs_with=[NEW]) as loop:
        [secret] = await loop.subscribe()
        loop.notified.refuses = [503, 404, 400]
        loop.partner.statuses = [500, 429]
        await loop.create(**CASE)
        arrived = await loop.arrived(3)

    tries = [(one.headers, one.body) for one in loop.notified.passed]
    assert [one.status for one in loop.notified.passed] == [503, 404, 400, 202]
    for hop, vouches in ((tries, NEW), (arrived, secret)):
        assert {body for _, body in hop} == {arrived[0][1]}
        assert {headers["webhook-id"] for headers, _ in hop} == {arrived[0][0]["webhook-id"]}
        assert [headers["x-fulfillment-attempt"] for headers, _ in hop] == [
            str(number) for number in range(1, len(hop) + 1)
        ]
        assert all(is_signed(headers, body, vouches) for headers, body in hop)


async def test_while_a_subscriptions_secret_is_rotated_both_sign(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[NEW]) as loop:
        secrets = await loop.subscribe(NEW, OLD)
        await loop.create(**CASE)
        [(headers, body)] = await loop.arrived(1)
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert [is_signed(headers, body, secret) for secret in (*secrets, OTHER)] == [True, True, False]


@pytest.mark.parametrize(
    ("signs_with", "accepts"),
    [((NEW, OLD), (NEW, OLD)), ((NEW, OLD), (OLD,)), ((OLD,), (NEW, OLD)), ((NEW,), (NEW, OLD))],
)
async def test_while_the_inner_secret_is_rotated_neither_party_need_be_first(
    tmp_path: Path, signs_with: Sequence[str], accepts: Sequence[str]
) -> None:
    async with open_loop(tmp_path, signs_with=signs_with, accepts=accepts) as loop:
        await loop.subscribe()
        await loop.create(**CASE)
        await loop.arrived(1)
    [inner] = loop.notified.passed
    assert inner.status == 202
    signed = [is_signed(inner.headers, inner.body, secret) for secret in (NEW, OLD, OTHER)]
    assert signed == [NEW in signs_with, OLD in signs_with, False]


async def test_what_the_gateway_does_not_trust_waits_and_is_not_lost(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[OTHER], accepts=[NEW, OLD]) as loop:
        await loop.subscribe()
        await loop.create(**CASE)
        await loop.notified.has_passed(3)
        assert loop.partner.arrived.empty()
        [waiting] = await loop.undelivered()
        assert (waiting["state"], waiting["why"]) == (
            "pending",
            "HTTP 401 (error invalid signature)",
        )
        assert waiting["attempts"] >= 2
    assert {one.status for one in loop.notified.passed} == {401}
