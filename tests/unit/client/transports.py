"""A transport that sends nothing, and connections that fail."""

from __future__ import annotations

from typing import Any

import requests
import urllib3
from urllib3.connection import HTTPConnection

from fulfillment_sdk.client.calls.call import Keys
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.client.transport import Transport
from tests.unit.client.support import BASE, Time, retries

KEYS = Keys("key-1", "uid-1")
POOL = urllib3.HTTPConnectionPool("gateway.example")


def transport(time: Time, **changes: Any) -> Transport:
    session = changes.pop("session", None)
    return Transport(
        BASE,
        bearer=Bearer.of("t0ken"),
        timeout=35.0,
        retries=retries(time, **changes),
        session=session,
        now=lambda: 1_743_849_002.0,
    )


def refused_connection() -> requests.ConnectionError:
    reason = urllib3.exceptions.NewConnectionError(HTTPConnection("gateway.example"), "refused")
    reason.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, "/", reason))


def cut_connection() -> requests.ConnectionError:
    cut = ConnectionResetError(104, "Connection reset by peer")
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", cut))
