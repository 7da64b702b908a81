"""Whatever comes, the answer is one of the contract's (section 4, "Receiver")."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from wsgiref.types import WSGIEnvironment

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fulfillment_sdk import signing
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.asgi import Message
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import NOW, SECRET

CONTRACT = frozenset({200, 202, 401, 405, 413, 415, 503})
TAKEN = frozenset({200, 202})

METHODS = st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT", "post", "P\xd6ST", ""])
NAMES = st.sampled_from(
    [
        *("webhook-id", "webhook-timestamp", "webhook-signature", "content-type"),
        *("content-length", "content-encoding", "transfer-encoding", "expect", "x-odd"),
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            *("application/json", "application/json; charset=utf-16", ";", "gzip", "identity"),
            *("-1", "9" * 5000, "1e9", "nan", str(int(NOW)), "v1,", "v1,AAAA", "evt_1"),
            *("\xb2", "\x00"),
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=40),
)
ODD_HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b'{"id": "evt_odd", "type": "case.status_changed", "data": {"case_id": "a\\u0000b"}}',
            b'{"id": "evt_odd", "type": "t", "data": {"case_id": "' + b"x" * 3000 + b'"}}',
            b'{"id": "evt_odd", "type": "t", "data": {"sequence": ' + b"9" * 5000 + b"}}",
            b'{"id": "evt_odd", "type": "\\ud800", "data": null}',
            b'{"id": "evt_odd", "id": "evt_1", "type": "t"}',
            b'{"id": "evt_odd", "type": "t", "data": NaN}',
            b"\xef\xbb\xbf" + status_changed("evt_odd"),
            b"[" * 100_000,
            b"\x1f\x8b\x08\x00",
        ]
    ),
)
MANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver([SECRET], tmp_path, clock=lambda: NOW, load_entry_points=False) as receiver:
        yield receiver


def rightly_signed(body: bytes) -> dict[str, str]:
    headers = signing.headers([SECRET], "evt_odd", int(NOW), body)
    return {"content-type": "application/json", **headers}


def under_wsgi(receiver: Receiver, method: str, pairs: list[tuple[str, str]], body: bytes) -> int:
    environ: WSGIEnvironment = {
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "REQUEST_METHOD": method,
    }
    for name, value in pairs:
        key = name.upper().replace("-", "_")
        environ[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = value
    started: list[str] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], error: object = None
    ) -> Callable[[bytes], object]:
        started.append(status)
        return lambda data: None

    receiver.wsgi()(environ, start_response)
    return int(started[0][:3])


async def under_asgi(
    receiver: Receiver, method: str, pairs: list[tuple[str, str]], body: bytes
) -> int:
    said: list[Message] = []
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "http", "method": method, "headers": headers}
    await receiver.asgi()(scope, receive, send)
    return int(said[0]["status"])


@MANY
@given(method=METHODS, pairs=ODD_HEADERS, body=BODIES)
def test_under_wsgi_odd_requests_are_refused(
    receiver: Receiver, method: str, pairs: list[tuple[str, str]], body: bytes
) -> None:
    assert under_wsgi(receiver, method, pairs, body) in CONTRACT - TAKEN


@MANY
@given(method=METHODS, pairs=ODD_HEADERS, body=BODIES)
async def test_under_asgi_odd_requests_are_refused(
    receiver: Receiver, method: str, pairs: list[tuple[str, str]], body: bytes
) -> None:
    assert await under_asgi(receiver, method, pairs, body) in CONTRACT - TAKEN


@MANY
@given(pairs=ODD_HEADERS, body=BODIES)
async def test_odd_headers_beside_the_right_ones_end_in_the_contracts_answers(
    receiver: Receiver, pairs: list[tuple[str, str]], body: bytes
) -> None:
    together = [*rightly_signed(body).items(), *pairs]

    assert under_wsgi(receiver, "POST", together, body) in CONTRACT
    assert await under_asgi(receiver, "POST", together, body) in CONTRACT


@MANY
@given(body=BODIES)
async def test_any_body_that_is_rightly_signed_is_kept(receiver: Receiver, body: bytes) -> None:
    pairs = list(rightly_signed(body).items())

    assert under_wsgi(receiver, "POST", pairs, body) in TAKEN
    assert await under_asgi(receiver, "POST", pairs, body) in TAKEN
