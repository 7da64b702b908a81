"""What may be said where no answer came (contract, section 4)."""

from __future__ import annotations

import errno
import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from fulfillment_sdk.plugins.webhooks.causes import AddressRefused, cause

_KEY = ConnectionKey(
    "example.org", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            aiohttp.ClientConnectorError(_KEY, AddressRefused("link-local")),
            "the endpoint's address is refused (link-local)",
        ),
        (
            aiohttp.ClientConnectorDNSError(_KEY, socket.gaierror(-2, "Name or service not known")),
            "the endpoint's name can't be resolved",
        ),
        (
            aiohttp.ClientConnectorDNSError(_KEY, OSError(errno.ETIMEDOUT, "no server answered")),
            "the endpoint's name can't be resolved (ETIMEDOUT)",
        ),
        (
            aiohttp.ClientConnectorCertificateError(_KEY, ssl.CertificateError("expired")),
            "the endpoint's certificate is not accepted",
        ),
        (
            aiohttp.ClientConnectorError(_KEY, OSError(errno.ECONNREFUSED, "refused")),
            "no connection (ECONNREFUSED)",
        ),
        (
            aiohttp.ClientOSError(errno.ECONNRESET, "reset"),
            "the connection was closed before an answer (ECONNRESET)",
        ),
        (aiohttp.ServerDisconnectedError(), "the connection was closed before an answer"),
        (aiohttp.ClientPayloadError("incomplete"), "the answer broke off"),
        (aiohttp.InvalidURL("https://[secret"), "the endpoint's URL can't be used"),
        (TimeoutError(), "no answer in time"),
        (ValueError("secret"), "ValueError"),
    ],
)
def test_a_cause_is_short_and_names_neither_url_nor_address(error: Exception, words: str) -> None:
    assert cause(error) == words
