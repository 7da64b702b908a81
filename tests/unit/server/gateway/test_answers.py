"""What the gateway's answers have in common."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Message

from fulfillment_sdk.errors import PayloadError, StoreUnavailable
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.administration.calls import next_state
from fulfillment_sdk.server.gateway.paging import Page
from fulfillment_sdk.server.gateway.subscriptions.delivery_ids import delivery_id, parse_delivery_id
from fulfillment_sdk.server.http import BodyTooLarge


def request(query: str = "", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "headers": raw, "query_string": query.encode()}
    return Request(scope)


@pytest.mark.parametrize(
    ("kind", "encoding", "taken"),
    [
        ("application/json", None, True),
        ("Application/JSON; charset=UTF-8", None, True),
        ('application/json;charset="utf-8"', "identity", True),
        ("application/json", "gzip", False),
        ("application/json; charset=utf-16", None, False),
        ("application/json-seq", None, False),
        ("text/json", None, False),
        ("", None, False),
    ],
)
def test_only_plain_utf8_json_is_json(kind: str, encoding: str | None, taken: bool) -> None:
    headers = {"content_type": kind} | ({"content_encoding": encoding} if encoding else {})
    refused = answers.not_json(request(**headers))
    assert (None if refused is None else refused.status_code) == (None if taken else 415)


def test_a_compressed_body_is_told_what_is_wrong_with_it() -> None:
    refused = answers.not_json(request(content_type="application/json", content_encoding="br"))
    assert refused is not None
    assert b"Content-Encoding must be identity" in bytes(refused.body)


async def ask(raised: Exception, method: str = "GET", path: str = "/gate/x") -> httpx.Response:
    gate = answers.Gate([Route(path, raising(raised)) for path in ("/x", "/of/{id}", "/of/{id}/")])
    app = Starlette(routes=[Mount("/gate", gate)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path)


@pytest.mark.parametrize(
    ("raised", "status", "body"),
    [
        (BodyTooLarge(1), 413, {"error": "Request body too large"}),
        (PayloadError("", "x"), 400, {"error": "Invalid JSON in request body"}),
        (StoreUnavailable("full"), 503, {"error": "Service unavailable"}),
        (answers.Refused(answers.not_found()), 404, {"error": "Not found"}),
    ],
)
async def test_what_endpoints_raise_becomes_an_answer_with_the_features(
    raised: Exception, status: int, body: dict[str, str]
) -> None:
    answer = await ask(raised)
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["Fulfillment-Features"] == answers.FEATURES


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/gate/nothing", 404, "Not found"),
        ("POST", "/gate/x", 405, "Method not allowed"),
        ("GET", "/gate/x/", 404, "Not found"),
        ("GET", "/gate/x%00", 404, "Not found"),
        ("GET", "/gate/of/%2e/", 404, "Not found"),
        ("GET", "/gate/of/%2e%2e", 404, "Not found"),
    ],
)
async def test_what_nobody_serves_is_answered_with_the_features_too(
    method: str, path: str, status: int, error: str
) -> None:
    answer = await ask(ZeroDivisionError(), method, path)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert answer.headers["Fulfillment-Features"] == answers.FEATURES


async def test_a_websocket_is_turned_away() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/x", "headers": [], "query_string": b""}
    await answers.Gate([])(scope, receive, send)
    assert [one["type"] for one in sent] == ["websocket.close"]


async def test_a_bug_is_left_to_the_shell() -> None:
    with pytest.raises(ZeroDivisionError):
        await ask(ZeroDivisionError())


async def test_an_unusable_store_is_logged_and_named_with_a_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await ask(StoreUnavailable("The disk is full"))
    assert answer.headers["Retry-After"] == "5"
    assert "The disk is full" in caplog.text
    assert "disk" not in answer.text


async def test_a_caller_that_went_away_gets_no_answer() -> None:
    gate = answers.Gate([Route("/x", raising(ClientDisconnect()))])
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""}
    await gate(scope, receive, send)
    assert sent == []


def raising(error: Exception) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        raise error

    return endpoint


@pytest.mark.parametrize(
    ("action", "state", "leads_to"),
    [
        ("approve", "pending", "active"),
        ("approve", "active", "active"),
        ("approve", "deactivated", None),
        ("deactivate", "pending", "deactivated"),
        ("deactivate", "active", "deactivated"),
        ("deactivate", "deactivated", "deactivated"),
        ("activate", "deactivated", "active"),
        ("activate", "active", "active"),
        ("activate", "pending", None),
    ],
)
def test_an_organizations_steps(action: str, state: str, leads_to: str | None) -> None:
    assert next_state(action, state) == leads_to


@pytest.mark.parametrize("names", [("sub_1", "evt_1"), ("a/b", "ü \n"), ("", "")])
def test_a_deliverys_id_is_fit_for_a_path_and_read_back(names: tuple[str, str]) -> None:
    made = delivery_id(*names)
    assert made.isascii()
    assert "/" not in made
    assert parse_delivery_id(made) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dlv_",
        "dlv_!!",
        "dlv_W10",
        "dlv_WzEsMl0",
        "dlv_MQ",
        "é",
        delivery_id("sub\0", "evt"),
        delivery_id("sub", "\ud800"),
    ],
)
def test_any_other_text_is_no_deliverys_id(text: str) -> None:
    assert parse_delivery_id(text) is None


@pytest.mark.parametrize(
    ("query", "found", "following"),
    [
        ("", "abcde", None),
        ("limit=2", "ab", "b"),
        ("limit=2&after=b", "cd", "d"),
        ("limit=2&after=d", "e", None),
        ("limit=5", "abcde", None),
        ("after=gone", "", None),
        ("after=e", "", None),
    ],
)
def test_a_page_is_cut_out_of_a_list(query: str, found: str, following: str | None) -> None:
    page = Page.of(request(query))
    assert page.cut(list("abcde"), str) == (list(found), following)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "1e2", "1" * 50])
def test_a_limit_outside_1_to_200_is_refused(limit: str) -> None:
    with pytest.raises(answers.Refused):
        Page.of(request(f"limit={limit}"))


def test_a_cursor_that_no_database_takes_is_refused() -> None:
    with pytest.raises(answers.Refused):
        Page.of(request("after=a%00b"))
