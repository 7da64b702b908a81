"""The kind `webhook`: events go on to a system of the partner's own, signed anew."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest
from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk._version import __version__
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.disclosure.disclosure import disclose
from fulfillment_sdk.relay import Delivered, Reject, Retry
from tests import samples
from tests.integration.endpoints import a_server, self_signed
from tests.integration.sinks.making import a_sink, deliver, make
from tests.unit.plugins.bodies import delivery

OLD, NEW = signing.new_secret(), signing.new_secret()
BODY = samples.body("case-completed")
EVENT = delivery(BODY, attempt=2, settings={"url": "http://127.0.0.1:9/", "secrets": ["none"]})


class Endpoint:
    """Keeps what it is sent, and answers as it is told."""

    def __init__(self, status: int = 202) -> None:
        self.status = status
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)


async def test_the_other_system_gets_what_is_disclosed_signed_with_every_secret_of_that_hop() -> (
    None
):
    endpoint = Endpoint()
    async with a_server(endpoint.answer) as port:
        table = {"url": f"http://127.0.0.1:{port}/in", "secrets": [NEW, OLD], "network": "loopback"}
        async with a_sink(kind="webhook", **table) as sink:
            assert await deliver(sink, EVENT) == Delivered("HTTP 202")

    [(headers, body)] = endpoint.got
    assert body == disclose(BODY, "routing")
    for secret in (OLD, NEW):
        assert signing.verify(headers, body, secrets=[secret], now=time.time()).id == "evt_6"
    assert headers["User-Agent"] == f"fulfillment-sdk/{__version__}"
    assert headers["X-Fulfillment-Attempt"] == "2"


async def test_it_gets_the_very_bytes_where_its_table_asks_for_all() -> None:
    endpoint = Endpoint()
    async with a_server(endpoint.answer) as port:
        table = {"url": f"http://127.0.0.1:{port}/", "secrets": [NEW], "network": "any"}
        async with a_sink(kind="webhook", disclosure="full", **table) as sink:
            await deliver(sink, EVENT)

    assert endpoint.got[0][1] == BODY


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Reject("HTTP 400")),
        (422, Reject("HTTP 422")),
        (410, Reject("HTTP 410", disable=True)),
        (401, Retry("HTTP 401")),
        (404, Retry("HTTP 404")),
        (503, Retry("HTTP 503")),
        (302, Retry("HTTP 302: redirects are not followed")),
    ],
)
async def test_an_answer_means_what_the_contract_says(status: int, outcome: object) -> None:
    async with a_server(Endpoint(status).answer) as port:
        table = {"url": f"http://127.0.0.1:{port}/", "secrets": [NEW], "network": "loopback"}
        async with a_sink(kind="webhook", **table) as sink:
            assert await deliver(sink, EVENT) == outcome


async def test_only_public_addresses_are_spoken_to_unless_the_table_says_so() -> None:
    async with a_sink(kind="webhook", url="https://127.0.0.1:9/", secrets=[NEW]) as sink:
        outcome = await deliver(sink, EVENT)

    assert outcome == Retry("the endpoint's address is refused (loopback)")


async def test_an_authority_of_one_s_own_may_be_trusted(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    endpoint = Endpoint()
    async with a_server(endpoint.answer, tls) as port:
        table = {"url": f"https://127.0.0.1:{port}/", "secrets": [NEW], "network": "loopback"}
        async with a_sink(kind="webhook", **table) as stranger:
            refused = await deliver(stranger, EVENT)
        async with a_sink(kind="webhook", ca=str(certificate), **table) as sink:
            taken = await deliver(sink, EVENT)

    assert refused == Retry("the endpoint's certificate is not accepted")
    assert taken == Delivered("HTTP 202")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"url": "http://hush.example/"}, "the endpoint's URL must begin with https"),
        ({"url": "hush"}, "the endpoint's URL can't be used"),
        ({"secrets": []}, "the endpoint has no secret"),
        ({"secrets": ["whsec_hush"]}, "secret"),
        ({"network": "lan"}, "sinks.it.network must be public or loopback or any"),
        ({"ca": "/no/such/hush.pem"}, "can't be used: No such file or directory"),
        ({"ca": __file__}, "can't be used: it has no certificate"),
    ],
)
def test_what_cannot_be_used_is_an_error_before_anything_is_sent(
    table: dict[str, object], message: str
) -> None:
    usual = {"url": "https://hush.example/?token=hush", "secrets": [NEW]}
    with pytest.raises(ConfigurationError) as caught:
        make(kind="webhook", **{**usual, **table})

    assert message in caught.value.message
    assert "token" not in str(caught.value)
    assert NEW not in str(caught.value)
