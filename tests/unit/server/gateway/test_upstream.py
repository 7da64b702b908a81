"""Which answers of the portal are passed on: contract, section 4."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.gateway.upstream.calls import Reply, read_reply
from fulfillment_sdk.server.gateway.upstream.connection import host

REFUSED = b'{"status":"error","message":"Not found"}'


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a proxy's page</html>"),
        (200, b""),
        (200, b'["no object"]'),
        (200, b'{"id":"a","id":"b"}'),
        (201, b"{}"),
        (302, b"{}"),
        (401, REFUSED),
        (403, REFUSED),
        (410, REFUSED),
        (500, REFUSED),
        (503, REFUSED),
        (404, b"Not Found"),
        (404, b'{"error":"Not found"}'),
        (409, b'{"error":"Conflict"}'),
        (409, b'{"status":"error"}'),
    ],
)
def test_what_the_portal_never_answers_is_not_passed_on(status: int, body: bytes) -> None:
    assert read_reply(status, body) is None


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refusal_counts_in_the_portals_own_words(status: int) -> None:
    assert read_reply(status, REFUSED) == Reply(status, REFUSED)


def test_a_case_is_passed_on_byte_for_byte() -> None:
    body = b'{ "id": "case_1", "new": [1.50] }'
    reply = read_reply(200, body)
    assert reply is not None
    assert reply.body is body
    assert "case_1" not in repr(reply)


def test_of_an_address_only_the_host_is_logged() -> None:
    assert host("http://user:hush@portal.example:8000/path?x=y") == "portal.example:8000"
