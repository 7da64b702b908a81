"""A portal under test: the real application, a real store, its notifications caught at the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette

from fulfillment_sdk import wire
from fulfillment_sdk.models import Event
from fulfillment_sdk.relay import Delivered, Delivery, Outcome
from fulfillment_sdk.relay.schema import events
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.databases import store_url
from fulfillment_sdk.server.portal import Portal, create_portal
from fulfillment_sdk.server.portal.desk import Ids, new_id
from fulfillment_sdk.store.engine import make_engine

ORGANIZATION = "550e8400-e29b-41d4-a716-446655440000"
INTAKE_TOKEN = "intake-token-of-the-tests"
STAFF_TOKEN = "staff-token-of-the-tests"
BEGIN = 1_743_928_200.25  # 2025-04-06T08:30:00.25Z

CASE: dict[str, Any] = {
    "reporter": {"fname": "Jane Smith", "phone": "0712345678"},
    "gbv_related": True,
    "case_category_id": "362485",
    "narrative": "Client reports physical abuse.",
    "plan": "Immediate safety assessment",
    "priority": "1",
    "status": "1",
}

PATHS: dict[str, Sequence[str]] = {
    "new": (),
    "allocated": ("allocated",),
    "pending_allocation": ("allocated", "pending_allocation"),
    "in_progress": ("allocated", "in_progress"),
    "submitted": ("allocated", "in_progress", "submitted"),
    "qc_passed": ("allocated", "in_progress", "submitted", "qc_passed"),
    "qc_rejected": ("allocated", "in_progress", "submitted", "qc_rejected"),
    "qc_rework": ("allocated", "in_progress", "submitted", "qc_rework"),
    "reported": ("allocated", "in_progress", "submitted", "qc_passed", "reported"),
    "in_payment_cycle": (
        "allocated",
        "in_progress",
        "submitted",
        "qc_passed",
        "reported",
        "in_payment_cycle",
    ),
    "payment_complete": (
        "allocated",
        "in_progress",
        "submitted",
        "qc_passed",
        "reported",
        "in_payment_cycle",
        "payment_complete",
    ),
    "cancelled": ("cancelled",),
}
"""How a new case gets into each status."""

FORM: dict[str, object] = {"form_name": "Site visit", "data": {"gate": "blue"}, "final": True}

VERDICTS: dict[str, dict[str, str]] = {
    "qc_passed": {"result": "pass", "comments": "All photographs are there."},
    "qc_rejected": {"result": "reject", "reason_code": "poor_photo_quality"},
    "qc_rework": {"result": "rework", "instructions": "Photograph the gate again."},
}


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self, now: float = BEGIN) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Captor:
    """A sink that keeps what it gets; it answers ``outcomes`` first, then takes everything.

    ``bodies`` has each notification once, in the order of arrival: like every receiver it meets
    one twice where a lease ran out, which a test's leaping clock brings about.
    """

    def __init__(self, *outcomes: Outcome) -> None:
        self.bodies: list[bytes] = []
        self._ids: set[str] = set()
        self.deliveries: list[Delivery] = []
        self._outcomes = list(outcomes)
        self._news = asyncio.Condition()

    async def deliver(self, delivery: Delivery) -> Outcome:
        outcome = self._outcomes.pop(0) if self._outcomes else Delivered()
        async with self._news:
            self.deliveries.append(delivery)
            if isinstance(outcome, Delivered) and delivery.id not in self._ids:
                self._ids.add(delivery.id)
                self.bodies.append(delivery.body)
            self._news.notify_all()
        return outcome

    async def first(self, count: int) -> list[Event]:
        """Return the first ``count`` notifications, waiting until they are there."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.bodies) >= count)
        return self.events()[:count]

    async def tried(self, count: int) -> list[Delivery]:
        """Return the first ``count`` deliveries, repeated ones too, once they are there."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.deliveries) >= count)
        return self.deliveries[:count]

    def events(self) -> list[Event]:
        """Return the notifications that have arrived."""
        return [wire.load_event(body) for body in self.bodies]

    def payloads(self) -> list[dict[str, Any]]:
        """Return the notifications that have arrived, as JSON."""
        return [json.loads(body) for body in self.bodies]


class Desk:
    """What staff and the gateway do, as calls over HTTP."""

    def __init__(
        self, settings: Settings, *, clock: Clock, captor: Captor, ids: Ids = new_id
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.captor = captor
        self.portal: Portal = create_portal(settings, clock=clock, ids=ids, sink=captor)
        app = Starlette(routes=list(self.portal.routes))
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://portal"
        )
        self._cases = 0

    async def get(self, path: str, *, token: str = STAFF_TOKEN, **query: str) -> httpx.Response:
        return await self.http.get(f"/portal/api/{path}", headers=_bearer(token), params=query)

    async def post(
        self, path: str, body: object = None, *, token: str = STAFF_TOKEN
    ) -> httpx.Response:
        return await self.http.post(f"/portal/api/{path}", headers=_bearer(token), json=body)

    async def delete(self, path: str, *, token: str = STAFF_TOKEN) -> httpx.Response:
        return await self.http.delete(f"/portal/api/{path}", headers=_bearer(token))

    async def intake(self, body: object, *, token: str = INTAKE_TOKEN) -> httpx.Response:
        return await self.post("intake/", body, token=token)

    async def report(self, case_id: str, *, organization_id: str = ORGANIZATION) -> httpx.Response:
        return await self.get(
            f"intake/cases/{case_id}/report/", token=INTAKE_TOKEN, organization_id=organization_id
        )

    async def create(self, **fields: object) -> str:
        """Create a case with some fields of its own and return its id."""
        self._cases += 1
        answer = await self.intake(order(f"int_{self._cases}", CASE | fields))
        assert answer.status_code == 201
        return str(answer.json()["id"])

    async def hire(self, name: str = "Amina Odhiambo") -> str:
        """Enter a worker and return the id."""
        answer = await self.post("workers/", {"name": name})
        assert answer.status_code == 201
        return str(answer.json()["id"])

    async def token(self, role: str) -> str:
        """Return a named staff token of a role."""
        answer = await self.post("staff/", {"name": f"one of {role}", "role": role})
        assert answer.status_code == 201
        return str(answer.json()["token"])

    async def step(self, case_id: str, to: str, **body: object) -> httpx.Response:
        """Take a step by the call that takes it."""
        if to == "submitted":
            return await self.submit(case_id)
        if to in VERDICTS:
            return await self.review(case_id, to)
        return await self.post(f"cases/{case_id}/transitions/", {"to": to, **body})

    async def submit(self, case_id: str, **fields: object) -> httpx.Response:
        return await self.post(f"cases/{case_id}/submissions/", FORM | fields)

    async def review(self, case_id: str, to: str, *, token: str = STAFF_TOKEN) -> httpx.Response:
        return await self.post(f"cases/{case_id}/qc-reviews/", VERDICTS[to], token=token)

    async def drive(self, case_id: str, status: str) -> None:
        """Take a new case to a status."""
        for to in PATHS[status]:
            answer = await self.step(case_id, to)
            assert answer.status_code == 201, answer.text

    async def case(self, case_id: str) -> dict[str, Any]:
        """Return everything about a case."""
        answer = await self.get(f"cases/{case_id}/")
        assert answer.status_code == 200
        shown: dict[str, Any] = answer.json()
        return shown

    def notified(self, case_id: str) -> int:
        """Return how many notifications were ever made for a case, sent or not."""
        counted = sa.select(sa.func.count()).select_from(events).where(events.c.lane == case_id)
        engine = make_engine(store_url(self.settings, "portal"), readonly=True)
        try:
            with engine.connect() as connection:
                return connection.execute(counted).scalar_one()
        finally:
            engine.dispose()


def order(
    intake_id: str, case: object = CASE, organization_id: str = ORGANIZATION
) -> dict[str, Any]:
    """Return what the gateway hands in."""
    return {"intake_id": intake_id, "organization_id": organization_id, "case": case}


def make_settings(data: Path) -> Settings:
    """Return settings of a portal that keeps its data in ``data``."""
    return Settings(
        dev=True,
        host="127.0.0.1",
        port=0,
        data=data,
        role="portal",
        database_url=None,
        staff_token=STAFF_TOKEN,
        public_url="https://gateway.example",
        portal_url="http://portal",
        gateway_url="http://gateway",
        intake_token=INTAKE_TOKEN,
        notify_secrets=("whsec_" + "QUJD" * 8,),
        jwt_keys=(),
        storage_keys=(("k1", b"1" * 32),),
        smtp_url=None,
        mail_from=None,
        registration="open",
        registration_list=(),
        legacy_tokens=False,
        trusted_proxies=(),
        retry_schedule=(0.0,),
        notify_backoff=(1.0, 60.0),
        acceptance_timeout=1800.0,
        rework_timeout=900.0,
        case_rate=600,
        code_limits=(5, 20),
    )


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
