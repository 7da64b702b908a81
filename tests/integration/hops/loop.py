"""Portal, gateway and partner in one process, over real HTTP, with a tap between the first two."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
from aiohttp import web

from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.app import create_app
from fulfillment_sdk.server.portal import Portal, create_portal
from tests.integration.endpoints import a_server
from tests.integration.gateway.parts import BASE, INTAKE, START, Clock, House, open_house
from tests.integration.gateway.test_subscriptions import Partner, open_partner, subscribe
from tests.integration.portal.desk import STAFF_TOKEN, VERDICTS
from tests.integration.portal.desk import make_settings as portal_settings

_OF_THE_HOP = frozenset({"host", "content-length", "connection", "transfer-encoding"})


class Ticking(Clock):
    """Real time, but from the tests' beginning on."""

    def __init__(self) -> None:
        super().__init__(START - time.monotonic())

    def __call__(self) -> float:
        return self.now + time.monotonic()


@attrs.frozen
class Passed:
    """One request that passed a tap, and the status of its answer."""

    path: str
    headers: dict[str, str]
    body: bytes = attrs.field(repr=False)
    status: int
    answered: dict[str, str] = attrs.field(factory=dict)


@attrs.define
class Tap:
    """Stands for a party on a port of loopback: notes what comes, and passes it on.

    ``refuses`` are statuses to answer first, without passing anything on; so many answers as
    ``loses`` says are lost after the party gave them.
    """

    party: httpx.AsyncClient | None = None
    refuses: list[int] = attrs.field(factory=list)
    loses: int = 0
    passed: list[Passed] = attrs.field(factory=list)
    _news: asyncio.Condition = attrs.field(factory=asyncio.Condition)

    async def has_passed(self, count: int) -> None:
        """Wait until so many requests were answered."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.passed) >= count)

    async def handler(self, request: web.Request) -> web.StreamResponse:
        assert self.party is not None
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        if self.refuses:
            status, answer = self.refuses.pop(0), b""
            answered = {"content-type": "text/plain"}
        else:
            sent = {name: value for name, value in headers.items() if name not in _OF_THE_HOP}
            came = await self.party.request(
                request.method, str(request.rel_url), headers=sent, content=body
            )
            status, answer = came.status_code, came.content
            answered = dict(came.headers)
            if self.loses:
                self.loses -= 1
                status, answer = 502, b""
        async with self._news:
            self.passed.append(Passed(request.path, headers, body, status, answered))
            self._news.notify_all()
        told = {name: value for name, value in answered.items() if name not in _OF_THE_HOP}
        return web.Response(status=status, body=answer, headers=told)


@attrs.define
class Loop:
    """The three parties: ``asked`` is the tap on the way to the portal, ``notified`` back."""

    house: House
    portal: Portal
    staff: httpx.AsyncClient
    partner: Partner
    asked: Tap
    notified: Tap
    token: str
    staff_token: str = STAFF_TOKEN

    async def create(self, **fields: object) -> str:
        """Create a case at the gateway, as a partner does, and return its id."""
        answer = await self.house.post(f"{BASE}/", fields, token=self.token)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def subscribe(self, *secrets: str) -> list[str]:
        """Subscribe the partner's endpoint; with several secrets, as while they are rotated."""
        created = await subscribe(self.house, self.token, url=self.partner.url)
        if not secrets:
            return [str(created["secret"])]
        context = self.house.gateway.context

        def rotate(connection: Any) -> Destination:
            found = context.relay.get_destination(connection, str(created["id"]))
            assert found is not None
            settings = {**found.settings, "secrets": list(secrets)}
            return context.relay.put_destination(connection, attrs.evolve(found, settings=settings))

        await context.store.write(rotate)
        return list(secrets)

    async def work(self, path: str, body: object) -> None:
        """Have the portal's staff do something."""
        headers = {"Authorization": f"Bearer {STAFF_TOKEN}"}
        answer = await self.staff.post(f"/portal/api/{path}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text

    async def drive(self, case_id: str, *statuses: str, data: object = None) -> None:
        """Take a case through statuses; ``data`` is what is submitted."""
        for to in statuses:
            if to == "submitted":
                form = {"form_name": "Site visit", "data": data or {"gate": "blue"}}
                await self.work(f"cases/{case_id}/submissions/", form)
            elif to in VERDICTS:
                await self.work(f"cases/{case_id}/qc-reviews/", VERDICTS[to])
            else:
                await self.work(f"cases/{case_id}/transitions/", {"to": to})

    async def undelivered(self) -> list[dict[str, Any]]:
        """Return the notifications that the gateway has not taken yet."""
        headers = {"Authorization": f"Bearer {STAFF_TOKEN}"}
        answer = await self.staff.get("/portal/api/deliveries/", headers=headers)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def arrived(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """Wait for the next requests at the partner's endpoint: headers and body of each."""
        return [await self.partner.next() for _ in range(count)]


@asynccontextmanager
async def open_loop(
    folder: Path,
    *,
    signs_with: Sequence[str],
    accepts: Sequence[str] | None = None,
) -> AsyncIterator[Loop]:
    """Run all three; ``accepts`` are the gateway's secrets where they are not the portal's."""
    to_portal, to_gateway, clock = Tap(), Tap(), Ticking()
    async with (
        a_server(to_portal.handler) as portal_port,
        a_server(to_gateway.handler) as gateway_port,
        open_partner() as partner,
        open_house(
            folder / "gateway",
            dev=True,
            clock=clock,
            portal_url=f"http://127.0.0.1:{portal_port}",
            notify_secrets=tuple(accepts or signs_with),
            retry_schedule=(0.0, *[0.01] * 20),
        ) as house,
    ):
        settings = attrs.evolve(
            portal_settings(folder / "portal"),
            gateway_url=f"http://127.0.0.1:{gateway_port}",
            intake_token=INTAKE,
            notify_secrets=tuple(signs_with),
            notify_backoff=(0.01, 0.02),
        )
        portal = create_portal(settings, clock=clock)
        app = httpx.ASGITransport(create_app(settings, [portal]))
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as staff:
            to_portal.party, to_gateway.party = staff, house.http
            await portal.start()
            try:
                token = await house.token()
                yield Loop(house, portal, staff, partner, to_portal, to_gateway, token)
            finally:
                await portal.stop()
