"""What the client's tests share: an address, a clock that nobody waits for, recorded answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import responses

from fulfillment_sdk.client import Client, Retries
from fulfillment_sdk.client.calls.call import Answer, Call
from fulfillment_sdk.models import NewCase, Person

BASE = "https://gateway.example"
CASES = f"{BASE}/api/webhook/webform/"
AUTH = f"{CASES}auth/"
SUBSCRIPTIONS = f"{CASES}subscriptions/"
IDEMPOTENT = {"Fulfillment-Features": "idempotency, events, subscriptions"}
CREATED = {
    "id": "case_987654",
    "status": "open",
    "created_at": "2025-04-05T10:30:02Z",
    "assigned_to": "agent_001",
    "reference_number": "HL-CMS-000123",
}
SAMPLES = Path(__file__).parents[2] / "samples" / "dialects" / "deployed-gateway"


@attrs.define
class Time:
    """A monotonic clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = attrs.field(factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"key-{next(numbers)}"


def retries(time: Time, **changes: Any) -> Retries:
    return Retries(sleep=time.sleep, clock=time.clock, random=lambda: 1.0, **changes)


def make_client(time: Time | None = None, *, token: str | None = "t0ken", **changes: Any) -> Client:
    return Client(
        base_url=BASE,
        token=token,
        retries=retries(time or Time(), **changes),
        ids=ids(),
        clock=lambda: 1_743_849_002.0,
    )


def new_case(**changes: Any) -> NewCase:
    fields: dict[str, Any] = {
        "reporter": Person(fname="Jane Smith"),
        "gbv_related": False,
        "case_category_id": "362484",
        "narrative": "Told in confidence.",
        "plan": "Initial assessment required",
        "priority": "2",
        "status": "1",
    }
    return NewCase(**fields | changes)


def sample(name: str) -> Answer:
    """One recorded answer of the deployed gateway."""
    recorded = json.loads((SAMPLES / f"{name}.json").read_bytes())
    response = recorded["response"]
    body = json.dumps(response["json"]) if "json" in response else response["body"]
    return Answer(
        method=recorded["request"]["method"],
        url=BASE + recorded["request"]["path"],
        status=response["status"],
        headers={name.lower(): value for name, value in response["headers"].items()},
        body=body.encode(),
    )


def mock(mocked: responses.RequestsMock, answer: Answer) -> None:
    """Have the recorded answer given once."""
    mocked.add(
        answer.method,
        answer.url,
        body=answer.body,
        status=answer.status,
        headers={k: v for k, v in answer.headers.items() if k not in _SET_BY_MOCK},
        content_type=answer.headers.get("content-type", "text/html"),
    )


_SET_BY_MOCK = {"content-type", "content-length"}


def answer(
    body: object = None,
    status: int = 200,
    *,
    content_type: str = "application/json",
    **headers: str,
) -> Answer:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("POST", CASES, status, {"content-type": content_type} | named, written)


def call(**changes: Any) -> Call[Answer]:
    fields: dict[str, Any] = {
        "method": "POST",
        "path": "/api/webhook/webform/",
        "read": lambda got: got,
        "feature": "case creation",
    }
    return Call(**fields | changes)


def sent_json(mocked: responses.RequestsMock) -> Iterator[dict[str, Any]]:
    """The bodies that were sent."""
    for one in mocked.calls:
        body = one.request.body
        yield json.loads(body) if body else {}
