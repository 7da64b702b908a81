"""The receiver under WSGI, whatever the server's way of handing a body over."""

from __future__ import annotations

import io
from collections.abc import Callable
from wsgiref.types import WSGIApplication, WSGIEnvironment
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from fulfillment_sdk.notifications import MAX_BODY
from fulfillment_sdk.receiver.wsgi import read_body, read_headers
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import Inbox, MakeReceiver, signed

BODY = status_changed()


def environ_of(
    body: bytes = BODY, *, method: str = "POST", headers: dict[str, str] | None = None
) -> WSGIEnvironment:
    environ: WSGIEnvironment = {
        "wsgi.input": io.BytesIO(body),
        "REQUEST_METHOD": method,
        "QUERY_STRING": "",
    }
    setup_testing_defaults(environ)
    for name, value in (signed(body) if headers is None else headers).items():
        key = name.upper().replace("-", "_")
        environ[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = value
    return environ


def call(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, dict[str, str], bytes]:
    """Call the application as the standard library's validator wants to be called."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda data: None

    answer = validator(app)(environ, start_response)
    body = b"".join(answer)
    answer.close()  # type: ignore[attr-defined]
    [(status, headers)] = started
    return status, dict(headers), body


def test_a_notification_is_stored_and_reaches_the_plugin(make_receiver: MakeReceiver) -> None:
    inbox = Inbox()

    status, headers, body = call(make_receiver(inbox).wsgi(), environ_of())

    assert (status, body) == ("202 Accepted", b'{"status":"stored"}')
    assert headers["content-type"] == "application/json"
    assert inbox.take().id == "evt_1"


def test_what_is_refused_is_told_by_its_status(make_receiver: MakeReceiver) -> None:
    app = make_receiver(Inbox()).wsgi()

    answers = [
        call(app, environ_of(method="GET"))[0],
        call(app, environ_of(headers={"Content-Type": "text/plain"}))[0],
        call(app, environ_of(headers={"Content-Type": "application/json"}))[0],
        call(app, environ_of(headers={**signed(BODY), "Content-Length": "99999999"}))[0],
    ]

    assert [int(answer[:3]) for answer in answers] == [405, 415, 401, 413]


def test_an_answer_to_head_has_no_body(make_receiver: MakeReceiver) -> None:
    status, _, body = call(make_receiver(Inbox()).wsgi(), environ_of(method="HEAD"))

    assert (status[:3], body) == ("405", b"")


def test_a_first_request_of_any_kind_sets_a_backlog_in_motion(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Inbox())

    call(receiver.wsgi(), environ_of(method="GET"))

    assert receiver.relay.is_dispatching


class Chunked(io.RawIOBase):
    """An input that ends by itself, in pieces, as a server makes of a chunked body."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.asked = 0

    def read(self, size: int = -1) -> bytes:
        self.asked += 1
        return self._pieces.pop(0) if self._pieces else b""


def test_a_chunked_body_is_read_to_its_end_where_the_server_ends_it(
    make_receiver: MakeReceiver,
) -> None:
    environ = environ_of()
    del environ["CONTENT_LENGTH"]
    environ["wsgi.input"] = Chunked(BODY[:10], BODY[10:])
    environ["wsgi.input_terminated"] = True

    reply = make_receiver(Inbox()).handle("POST", read_headers(environ), read_body(environ))

    assert reply.status == 202


@pytest.mark.parametrize(
    ("method", "media_type"),
    [("PUT", "application/json"), ("POST", "text/plain"), ("POST", "application/json")],
)
def test_what_is_refused_is_read_since_a_server_may_close_on_what_is_not(
    make_receiver: MakeReceiver, method: str, media_type: str
) -> None:
    environ = environ_of(method=method, headers={"Content-Type": media_type})
    environ["CONTENT_LENGTH"] = str(len(BODY))
    stream = environ["wsgi.input"]

    call(make_receiver(Inbox()).wsgi(), environ)

    assert stream.read() == b""


def test_what_says_that_it_is_too_large_is_not_read(make_receiver: MakeReceiver) -> None:
    environ = environ_of()
    environ["CONTENT_LENGTH"] = str(MAX_BODY + 1)
    stream = environ["wsgi.input"]

    status, _, _ = call(make_receiver(Inbox()).wsgi(), environ)

    assert status[:3] == "413"
    assert stream.read() == BODY


@pytest.mark.parametrize("length", [None, "", "-1", "many", "9" * 5000, "٣"])
def test_without_a_length_or_an_end_nothing_is_read_since_it_might_never_return(
    length: str | None,
) -> None:
    stream = Chunked(BODY)
    environ: WSGIEnvironment = {"wsgi.input": stream}
    if length is not None:
        environ["CONTENT_LENGTH"] = length

    assert read_body(environ) == b""
    assert stream.asked == 0


def test_no_more_is_read_than_the_length_says() -> None:
    environ: WSGIEnvironment = {"wsgi.input": io.BytesIO(b"abcdef"), "CONTENT_LENGTH": "3"}

    assert read_body(environ) == b"abc"


def test_a_body_that_breaks_off_is_none() -> None:
    environ: WSGIEnvironment = {"wsgi.input": io.BytesIO(b"abc"), "CONTENT_LENGTH": "6"}

    assert read_body(environ) == b""
    assert read_body({**environ, "wsgi.input_terminated": True}) == b""


class ServersOwn(Exception):
    """What a server raises for a chunk that is none."""


@pytest.mark.parametrize("error", [ConnectionResetError, ServersOwn])
def test_a_connection_that_fails_leaves_an_empty_body(error: type[Exception]) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise error

    assert read_body({"wsgi.input": Broken(), "CONTENT_LENGTH": "6"}) == b""


def test_an_endless_body_is_read_to_one_byte_more_than_16_mib() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * size

    body = read_body({"wsgi.input": Endless(), "wsgi.input_terminated": True})

    assert len(body) == MAX_BODY + 1
