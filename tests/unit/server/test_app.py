"""The application around the parties: health, metrics, answers for what nobody serves."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from attrs import define, field
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from fulfillment_sdk import signing
from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.server.app import create_app
from fulfillment_sdk.server.configuration import sources
from fulfillment_sdk.server.configuration.resolve import resolve
from fulfillment_sdk.server.configuration.secrets import SecretFolder
from fulfillment_sdk.server.http import BodyTooLarge, json_response
from fulfillment_sdk.server.party import Party


@define
class FakeParty:
    name: str
    log: list[str]
    routes: Sequence[BaseRoute] = ()
    why: list[str] = field(factory=list)
    fails: bool = False
    running: dict[str, Relay] = field(factory=dict)

    async def start(self) -> None:
        self.log.append(f"start {self.name}")
        if self.fails:
            raise StoreUnavailable("full")

    def end_waits(self) -> None:
        self.log.append(f"end waits at {self.name}")

    async def stop(self) -> None:
        self.log.append(f"stop {self.name}")

    def problems(self) -> list[str]:
        return self.why

    def relays(self) -> dict[str, Relay]:
        return self.running


def raising(error: Exception) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        raise error

    return endpoint


async def client_host(request: Request) -> Response:
    assert request.client is not None
    return json_response(request.client.host)


async def half(_request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half of "
        raise KeyError("the narrative")

    return StreamingResponse(parts())


ROUTES = [
    Route("/bad/", raising(KeyError("the narrative")), methods=["GET"]),
    Route("/large/", raising(BodyTooLarge(4)), methods=["POST"]),
    Route("/store/", raising(StoreUnavailable("disk full")), methods=["POST"]),
    Route("/gone/", raising(ClientDisconnect()), methods=["POST"]),
    Route("/half/", half, methods=["GET"]),
    Route("/client/", client_host, methods=["GET"]),
    Mount("/dev", routes=[Route("/mailbox/", client_host)]),
    Route("/things/{id}/", client_host, methods=["GET"], name="show"),
    Route("/things/{id}/", client_host, methods=["PATCH"], name="change"),
]


def make(
    folder: Path,
    *parties: FakeParty,
    dev: bool = True,
    environ: dict[str, str] | None = None,
) -> Starlette:
    given = sources.read({"data": str(folder)}, environ or {}, dev=dev, folder=folder)
    found: Sequence[Party] = parties or (FakeParty("all", [], ROUTES),)
    return create_app(resolve(given, port=80, kept=SecretFolder(folder)), found)


@asynccontextmanager
async def calling(
    app: Starlette, host: str = "127.0.0.1", peer: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client


async def test_parties_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    log: list[str] = []
    app = make(tmp_path, FakeParty("gateway", log), FakeParty("portal", log))
    async with app.router.lifespan_context(app):
        assert log == ["start gateway", "start portal"]
    assert log[2:] == ["stop portal", "stop gateway"]


async def test_a_party_that_fails_to_start_is_stopped_with_those_before_it(tmp_path: Path) -> None:
    log: list[str] = []
    app = make(
        tmp_path,
        FakeParty("gateway", log),
        FakeParty("portal", log, fails=True),
        FakeParty("never", log),
    )
    with pytest.raises(StoreUnavailable):
        async with app.router.lifespan_context(app):
            pass
    assert log == ["start gateway", "start portal", "stop portal", "stop gateway"]


async def test_it_is_alive_also_when_it_is_not_ready(tmp_path: Path) -> None:
    app = make(
        tmp_path,
        FakeParty("gateway", [], why=["the store is locked"]),
        FakeParty("portal", [], why=["the dispatcher stands"]),
    )
    async with calling(app) as client:
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 503
    assert ready.json()["problems"] == ["the store is locked", "the dispatcher stands"]


async def test_it_is_ready_when_no_party_has_a_problem(tmp_path: Path) -> None:
    async with calling(make(tmp_path)) as client:
        ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_an_unknown_route_is_a_404_in_json(tmp_path: Path) -> None:
    async with calling(make(tmp_path)) as client:
        answer = await client.get("/bad")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


async def test_a_wrong_method_is_a_405_that_names_the_right_ones(tmp_path: Path) -> None:
    async with calling(make(tmp_path)) as client:
        answer = await client.delete("/things/7/")
    assert (answer.status_code, answer.json()) == (405, {"error": "Method not allowed"})
    assert answer.headers["allow"] == "GET, HEAD, PATCH"


async def test_our_own_fault_is_a_500_with_nothing_but_the_requests_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with calling(make(tmp_path)) as client:
        answer = await client.get("/bad/", headers={"X-Request-Id": "r1"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "Internal server error", "request_id": "r1"}
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(record)["request_id"] == "r1"
    assert "narrative" not in record.getMessage()


async def test_an_answer_that_breaks_off_is_not_finished(tmp_path: Path) -> None:
    app = make(tmp_path)
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/half/",
        "raw_path": b"/half/",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "server": None,
        "scheme": "http",
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 200
    assert not [message for message in sent[1:] if message.get("more_body") is False]


async def test_a_body_over_the_limit_is_a_413(tmp_path: Path) -> None:
    async with calling(make(tmp_path)) as client:
        answer = await client.post("/large/")
    assert (answer.status_code, answer.json()) == (413, {"error": "Request body too large"})


async def test_a_store_that_cannot_be_used_is_a_503_to_try_again(tmp_path: Path) -> None:
    async with calling(make(tmp_path)) as client:
        answer = await client.post("/store/")
    assert (answer.status_code, answer.json()) == (503, {"error": "Service unavailable"})
    assert int(answer.headers["retry-after"]) > 0


async def test_a_client_that_went_away_is_no_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    transport = httpx.ASGITransport(app=make(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with pytest.raises(AssertionError):  # nobody was there to be answered
            await client.post("/gone/")
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_with_dev_only_loopback_is_served(tmp_path: Path) -> None:
    app = make(tmp_path)
    async with calling(app, host="evil.example") as client:
        assert (await client.get("/healthz")).status_code == 400
    async with calling(app) as client:
        refused = await client.get("/healthz", headers={"X-Forwarded-For": "127.0.0.1"})
    assert refused.status_code == 400
    assert "x-request-id" in refused.headers


MAIL = {
    "FULFILLMENT_SMTP_URL": "smtp://mail.example",
    "FULFILLMENT_MAIL_FROM": "cases@example.org",
    "FULFILLMENT_PUBLIC_URL": "https://gateway.example",
}


async def test_without_dev_any_host_is_served_and_forwarding_headers_mean_nothing(
    tmp_path: Path,
) -> None:
    app = make(tmp_path, dev=False, environ=MAIL)
    async with calling(app, host="gateway.example", peer="192.0.2.1") as client:
        answer = await client.get("/client/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.json() == "192.0.2.1"


async def test_a_trusted_proxy_names_the_client(tmp_path: Path) -> None:
    environ = {**MAIL, "FULFILLMENT_TRUSTED_PROXIES": "192.0.2.0/24"}
    app = make(tmp_path, dev=False, environ=environ)
    async with calling(app, host="gateway.example", peer="192.0.2.1") as client:
        answer = await client.get("/client/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.json() == "203.0.113.9"


async def test_metrics_count_requests_by_route_and_status_and_name_no_path(tmp_path: Path) -> None:
    async with calling(make(tmp_path)) as client:
        await client.get("/things/case_7/")
        await client.get("/dev/mailbox/")
        await client.get("/case_8/")
        await client.request("BREW", "/things/case_9/")
        text = (await client.get("/metrics")).text
    count = "fulfillment_http_requests_total"
    assert f'{count}{{method="GET",route="/things/{{id}}/",status="200"}} 1.0' in text
    assert f'{count}{{method="GET",route="/dev/mailbox/",status="200"}} 1.0' in text
    assert f'{count}{{method="GET",route="none",status="404"}} 1.0' in text
    assert f'{count}{{method="other",route="/things/{{id}}/",status="405"}} 1.0' in text
    assert 'fulfillment_http_request_seconds_bucket{le="0.001"' in text
    assert "case_" not in text


async def test_whatever_is_answered_tells_browsers_to_keep_and_guess_nothing(
    tmp_path: Path,
) -> None:
    async with calling(make(tmp_path)) as client:
        answers = [
            await client.get("/healthz"),
            await client.get("/nowhere/"),
            await client.get("/bad/"),
            await client.post("/large/"),
            await client.get("/healthz", headers={"Host": "evil.example"}),
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 500, 413, 400]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(("role", "told"), [("all", True), ("gateway", True), ("portal", False)])
async def test_partners_who_come_over_tls_are_told_to_insist_on_it(
    tmp_path: Path, role: str, told: bool
) -> None:
    inner = {
        "FULFILLMENT_PORTAL_URL": "http://10.0.0.2:8000",
        "FULFILLMENT_GATEWAY_URL": "http://10.0.0.1:8000",
        "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-the-tests",
        "FULFILLMENT_NOTIFY_SECRETS": signing.new_secret(),
    }
    environ = {**MAIL, **inner, "FULFILLMENT_ROLE": role}
    async with calling(make(tmp_path, dev=False, environ=environ)) as client:
        answer = await client.get("/healthz")
    assert ("strict-transport-security" in answer.headers) is told
