"""What all endpoints share: answers, bodies, bearer tokens, request ids."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from fulfillment_sdk.server.http import (
    BodyTooLarge,
    RequestIds,
    bearer,
    constant_time_equal,
    error,
    json_response,
    read_body,
    request_id,
    status_error,
    with_and_without_slash,
)


def request(*headers: tuple[str, str], chunks: tuple[bytes, ...] = ()) -> Request:
    waiting = list(chunks)

    async def receive() -> Message:
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def content(response: Response) -> object:
    parsed: object = json.loads(bytes(response.body))
    return parsed


def test_json_is_compact_utf8() -> None:
    response = json_response({"name": "Žofie", "n": 1}, 201, {"X-A": "b"})
    assert bytes(response.body) == '{"name":"Žofie","n":1}'.encode()
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-a"] == "b"


def test_the_two_forms_of_errors() -> None:
    first = error("Too many requests", 429, headers={"Retry-After": "3"})
    second = status_error("No", 403, detail="why")
    assert content(first) == {"error": "Too many requests"}
    assert first.headers["retry-after"] == "3"
    assert content(second) == {"status": "error", "message": "No", "detail": "why"}


async def test_a_body_within_the_limit_is_read_whole() -> None:
    assert await read_body(request(chunks=(b"ab", b"cd")), 4) == b"abcd"


async def test_an_announced_body_over_the_limit_is_not_read() -> None:
    post = request(("Content-Length", "5"), chunks=(b"abcde",))
    with pytest.raises(BodyTooLarge):
        await read_body(post, 4)
    assert await post.body() == b"abcde"


async def test_an_absurd_announced_length_is_too_large() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(request(("Content-Length", "9" * 5000)), 4)


async def test_a_streamed_body_is_given_up_at_the_first_chunk_too_many() -> None:
    with pytest.raises(BodyTooLarge) as refused:
        await read_body(request(chunks=(b"ab", b"cde", b"f")), 4)
    assert refused.value.limit == 4


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([("Authorization", "Bearer abc")], "abc"),
        ([("Authorization", "bearer  abc ")], "abc"),
        ([], None),
        ([("Authorization", "Basic abc")], None),
        ([("Authorization", "Bearer")], None),
        ([("Authorization", "Bearer ")], None),
        ([("Authorization", "Bearer a b")], None),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], None),
    ],
)
def test_a_bearer_token_is_taken_only_where_there_is_exactly_one(
    headers: list[tuple[str, str]], token: str | None
) -> None:
    assert bearer(request(*headers)) == token


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [("a", "a", True), ("a", "b", False), ("é", "é", True), ("\udcff", "a", False)],
)
def test_texts_compare_whatever_they_hold(a: str, b: str, same: bool) -> None:
    assert constant_time_equal(a, b) is same


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async def who(request: Request) -> Response:
        return json_response(request_id(request.scope), headers={"X-Request-Id": "mine"})

    async def create(request: Request) -> Response:
        return json_response(await request.json())

    app = Starlette(
        routes=[
            Route("/who", who),
            *with_and_without_slash("/cases/", create, ["POST"], "create"),
        ]
    )
    transport = httpx.ASGITransport(app=RequestIds(app, ids=lambda: "req_made"))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("path", ["/cases/", "/cases"])
async def test_a_path_stands_with_and_without_its_slash(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.post(path, json={"a": 1})).json() == {"a": 1}


async def test_a_request_without_an_id_gets_one(client: httpx.AsyncClient) -> None:
    answer = await client.get("/who")
    assert answer.json() == "req_made"
    assert answer.headers.get_list("x-request-id") == ["req_made"]


async def test_a_given_id_is_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/who", headers={"X-Request-Id": "partner-7.b_2"})
    assert answer.json() == "partner-7.b_2"
    assert answer.headers.get_list("x-request-id") == ["partner-7.b_2"]


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, 'a"', "é"])
async def test_an_id_that_would_hurt_a_log_is_replaced(
    client: httpx.AsyncClient, given: str
) -> None:
    answer = await client.get("/who", headers=[(b"X-Request-Id", given.encode())])
    assert answer.json() == "req_made"


def test_outside_of_a_request_there_is_no_id() -> None:
    assert request_id({"type": "http"}) == ""
