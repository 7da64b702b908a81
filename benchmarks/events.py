"""The events that all contenders get: six to a case, 400 bytes each, all distinct."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator

from benchmarks.calls import request
from fulfillment_sdk import signing
from fulfillment_sdk.relay import Event

BODY_BYTES = 400
EVENTS_PER_CASE = 6
SECRET = "whsec_" + base64.b64encode(b"a secret for benchmarks only 32b").decode()
TYPE = "case.status_changed"
STEPS = ("new", "allocated", "in_progress", "submitted", "qc_passed", "reported")


def case_and_sequence(index: int, count: int) -> tuple[int, int]:
    """Place event `index` of `count`: the cases take turns, as they do in life."""
    cases = max(1, count // EVENTS_PER_CASE)
    return index % cases, index // cases + 1


def event_id(run: str, index: int) -> str:
    """Name event `index` of a run."""
    return f"evt_{run}_{index:08d}"


def lane(case: int) -> str:
    """Name a case."""
    return f"case_{case:08d}"


def case_of(name: str) -> int:
    """Return the number of the case of that name."""
    return int(name.rpartition("_")[2])


def body(run: str, index: int, count: int) -> bytes:
    """Write event `index` of `count` as the notification that a gateway sends: 400 bytes."""
    case, sequence = case_and_sequence(index, count)
    status = STEPS[min(sequence, len(STEPS)) - 1]
    previous = f'"{STEPS[sequence - 2]}"' if 1 < sequence <= len(STEPS) else "null"
    head = (
        f'{{"id":"{event_id(run, index)}","type":"{TYPE}","version":"1",'
        '"timestamp":"2025-04-06T16:00:00.000000Z",'
        f'"data":{{"case_id":"{lane(case)}","organization_id":"org_1",'
        f'"previous_status":{previous},"new_status":"{status}",'
        '"timestamp":"2025-04-06T16:00:00.000000Z",'
        f'"sequence":{sequence},"final":false,"message":"A step","transition_id":"trn_'
    )
    tail = '"}}'
    return (head + "0" * (BODY_BYTES - len(head) - len(tail)) + tail).encode()


def relay_events(run: str, count: int) -> Iterator[Event]:
    """Make the events as the relay takes them."""
    for index in range(count):
        case, sequence = case_and_sequence(index, count)
        yield Event(
            id=event_id(run, index),
            type=TYPE,
            lane=lane(case),
            sequence=sequence,
            body=body(run, index, count),
        )


def signed_request(path: str, run: str, index: int, count: int, *, now: int) -> bytes:
    """Write the whole HTTP request, signed as Standard Webhooks has it."""
    content = body(run, index, count)
    headers = signing.headers([SECRET], event_id(run, index), now, content)
    return request("POST", path, headers, content)


def hub_request(path: str, run: str, index: int, count: int) -> bytes:
    """Write the whole HTTP request, signed as hookspool's generic webhook has it."""
    content = body(run, index, count)
    signature = hmac.digest(SECRET.encode(), content, hashlib.sha256).hex()
    headers = {"x-signature": f"sha256={signature}", "x-delivery-id": event_id(run, index)}
    return request("POST", path, headers, content)
