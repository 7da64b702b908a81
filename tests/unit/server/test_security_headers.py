"""What every answer tells a browser."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from fulfillment_sdk.server.security_headers import SecurityHeaders

OWN = {"Cache-Control": "public, max-age=60", "Content-Security-Policy": "sandbox"}


async def plain(_request: Request) -> Response:
    return PlainTextResponse("plain")


async def own(_request: Request) -> Response:
    return PlainTextResponse("own", headers=OWN)


async def answer(path: str, *, https: bool = False) -> httpx.Response:
    app = SecurityHeaders(Router([Route("/plain", plain), Route("/own", own)]), https=https)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/plain", "/nowhere"])
async def test_every_answer_has_them(path: str) -> None:
    headers = (await answer(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"


async def test_an_answers_own_headers_stay_and_stand_once() -> None:
    headers = (await answer("/own")).headers
    for name, value in OWN.items():
        assert headers.get_list(name) == [value]


@pytest.mark.parametrize("https", [True, False])
async def test_only_behind_tls_browsers_are_told_to_insist_on_it(https: bool) -> None:
    headers = (await answer("/plain", https=https)).headers
    assert ("strict-transport-security" in headers) is https
