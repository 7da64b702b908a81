"""What the gateway's tests stand on: a clock, settings, a portal stand-in, a caller."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import httpx
from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk.server.app import create_app
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.gateway import Gateway, create_gateway
from fulfillment_sdk.server.gateway.context import new_code
from fulfillment_sdk.server.gateway.mail.mailer import Mailer
from tests import promised

CALLER = ("203.0.113.7", 50000)
START = 1_744_000_000.0
STAFF = "staff-token-of-the-tests"
INTAKE = "intake-token-of-the-tests"
NOTIFY_SECRET = signing.new_secret(lambda size: b"n" * size)
OWNER, ORGANIZATION = "owner@example.org", "Hope Foundation"
BASE = "/api/webhook/webform"

CASE: dict[str, object] = {
    "reporter": {"fname": "John Doe"},
    "gbv_related": False,
    "case_category_id": "362484",
    "narrative": "Client reports experiencing harassment at workplace.",
    "plan": "Initial assessment and safety planning.",
    "priority": "2",
    "status": "1",
}

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


def make_settings(data: Path, **changes: Any) -> Settings:
    settings = Settings(
        dev=False,
        host="127.0.0.1",
        port=8000,
        data=data,
        role="gateway",
        database_url=None,
        staff_token=STAFF,
        public_url="http://127.0.0.1:8000",
        portal_url="http://127.0.0.1:9",
        gateway_url="http://127.0.0.1:8000",
        intake_token=INTAKE,
        notify_secrets=(NOTIFY_SECRET,),
        jwt_keys=(("k1", b"j" * 32),),
        storage_keys=(("s1", b"s" * 32),),
        smtp_url=None,
        mail_from=None,
        registration="open",
        registration_list=(),
        legacy_tokens=False,
        trusted_proxies=(),
        retry_schedule=(0.0, 0.05, 0.05),
        notify_backoff=(1.0, 60.0),
        acceptance_timeout=1800.0,
        rework_timeout=1800.0,
        case_rate=600,
        code_limits=(5, 20),
    )
    return attrs.evolve(settings, **changes)


def json_answer(data: object, status: int = 200) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(data, status=status)

    return answer


@attrs.frozen
class Asked:
    """A call about a case that came to the portal."""

    method: str
    path: str
    query: dict[str, str]
    body: str
    headers: Mapping[str, str]


class StandInPortal:
    """A little HTTP server that answers for the portal; it makes one case for each intake id."""

    def __init__(self) -> None:
        self.intakes: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.cases: dict[str, str] = {}
        self.intake: Answer = self.create
        self.report: Answer = json_answer({"error": "Not found"}, 404)
        self.queries: list[Mapping[str, str]] = []
        self.call: Answer = json_answer({"status": "error", "message": "Not found"}, 404)
        self.asked: list[Asked] = []
        self.url = ""

    async def create(self, request: web.Request) -> web.StreamResponse:
        intake = json.loads(await request.read())
        case_id = self.cases.setdefault(intake["intake_id"], f"case_{len(self.cases) + 1}")
        number = case_id.removeprefix("case_").zfill(6)
        # Written with blanks, so that passing it on byte for byte shows.
        body = (
            f'{{"id": "{case_id}", "status": "open", "created_at": "2025-04-05T10:30:02Z", '
            f'"assigned_to": "agent_001", "reference_number": "HL-CMS-{number}"}}'
        )
        return web.Response(text=body, status=201, content_type="application/json")

    async def _intake(self, request: web.Request) -> web.StreamResponse:
        self.intakes.append(json.loads(await request.read()))
        self.headers.append(request.headers)
        return await self.intake(request)

    async def _report(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(request.headers)
        self.queries.append(request.query)
        return await self.report(request)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/portal/api/intake/")
        query, body = dict(request.query), (await request.read()).decode()
        self.asked.append(Asked(request.method, path, query, body, request.headers))
        return await self.call(request)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[StandInPortal]:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/portal/api/intake/", self._intake)
        app.router.add_get("/portal/api/intake/cases/{case_id}/report/", self._report)
        app.router.add_route("*", "/portal/api/intake/cases/{rest:.*}", self._call)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()


@attrs.define
class House:
    """A running gateway, and whoever calls it.

    ``sent`` are its mails, ``codes`` those that it is to give next instead of random ones. Every
    answer is held against the document, unless the portal is one that ``makes_things_up``.
    """

    gateway: Gateway
    settings: Settings
    clock: Clock
    http: httpx.AsyncClient
    pauses: list[float]
    sent: list[tuple[str, str]]
    codes: list[str]
    makes_things_up: bool = False

    async def post(
        self, path: str, body: object = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        return await self.http.post(path, json=body, headers=given)

    async def get(self, path: str, *, token: str | None = None, **query: str) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.http.get(path, headers=headers, params=query)

    async def ask(self, email: str = OWNER, organization: str = ORGANIZATION) -> httpx.Response:
        return await self.post(
            f"{BASE}/auth/request-verification/",
            {"email": email, "organization_name": organization},
        )

    async def verify(
        self, code: str, email: str = OWNER, organization: str = ORGANIZATION
    ) -> httpx.Response:
        return await self.post(
            f"{BASE}/auth/verify-otp/",
            {"email": email, "otp": code, "organization_name": organization},
        )

    def last_mail(self) -> tuple[str, str]:
        return self.sent[-1]

    def code(self) -> str:
        """The code in the last mail."""
        found = re.search(r"\b\d{6}\b", self.sent[-1][1])
        assert found is not None
        return found[0]

    async def token(self, email: str = OWNER, organization: str = ORGANIZATION) -> str:
        """A token, by mail and code."""
        assert (await self.ask(email, organization)).status_code == 200
        answer = await self.verify(self.code(), email, organization)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def hold_to_the_document(self, answer: httpx.Response) -> None:
        """Refuse an answer that the document doesn't promise, whatever a test is about."""
        await answer.aread()
        path, status = answer.request.url.path, answer.status_code
        if not self.makes_things_up:
            asked = answer.request.method
            broken = promised.broken(asked, path, status, answer.headers, answer.content)
            assert broken == ""

    async def organization_id(self, name: str = ORGANIZATION) -> str:
        listed = (await self.get("/admin/api/organizations/", token=STAFF)).json()["items"]
        return str(next(one["id"] for one in listed if one["name"] == name))

    async def act(self, action: str, name: str = ORGANIZATION) -> httpx.Response:
        organization_id = await self.organization_id(name)
        return await self.post(f"/admin/api/organizations/{organization_id}/{action}/", token=STAFF)


class Post:
    """A mailer that keeps what it is given, or fails when told to."""

    def __init__(self, sent: list[tuple[str, str]]) -> None:
        self.sent = sent
        self.failure: Exception | None = None

    async def send(self, *, to: str, subject: str, text: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append((to, f"{subject}\n{text}"))


@asynccontextmanager
async def open_house(
    data: Path,
    *,
    clock: Clock | None = None,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    mailer: Mailer | None = None,
    use_smtp: bool = False,
    **changes: Any,
) -> AsyncIterator[House]:
    """A gateway with a real store, started and stopped around the block."""
    clock = clock or Clock()
    pauses: list[float] = []
    sent = mailer.sent if isinstance(mailer, Post) else []
    codes: list[str] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    settings = make_settings(data, **changes)
    gateway = create_gateway(
        settings,
        clock=clock,
        sleep=sleep or note,
        codes=lambda: codes.pop(0) if codes else new_code(),
        mailer=None if use_smtp else mailer or Post(sent),
    )
    transport = httpx.ASGITransport(create_app(settings, [gateway]), client=CALLER)
    await gateway.start()
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            house = House(gateway, settings, clock, http, pauses, sent, codes)
            http.event_hooks = {"response": [house.hold_to_the_document]}
            yield house
    finally:
        await gateway.stop()
