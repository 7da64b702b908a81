"""The storage-free form: a notification in, a typed event or an error out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest
from django.http.request import HttpHeaders
from multidict import CIMultiDict
from starlette.datastructures import Headers as StarletteHeaders
from werkzeug.datastructures import EnvironHeaders

import fulfillment_sdk
from fulfillment_sdk import signing
from fulfillment_sdk.errors import PayloadError, SignatureError
from fulfillment_sdk.models import CaseCompleted, Event, StatusChanged
from fulfillment_sdk.receiver import verify
from tests.unit.plugins.bodies import case_completed, status_changed, unknown_type
from tests.unit.receiver.conftest import NOW, SECRET, signed

BODY = status_changed()
OTHER = signing.new_secret()


def message(headers: dict[str, str]) -> Message:
    """Headers as `http.server` has them."""
    made = Message()
    for name, value in headers.items():
        made[name.title()] = value
    return made


def environ(headers: dict[str, str]) -> dict[str, str]:
    names = {"Content-Type": "CONTENT_TYPE", "Content-Length": "CONTENT_LENGTH"}
    return {
        names.get(name, f"HTTP_{name.upper().replace('-', '_')}"): value
        for name, value in headers.items()
    }


@pytest.mark.parametrize(
    "made",
    [
        dict,
        lambda headers: list(headers.items()),
        lambda headers: [(name.encode(), value.encode()) for name, value in headers.items()],
        lambda headers: {name.upper(): [value] for name, value in headers.items()},
        message,
        lambda headers: EnvironHeaders(environ(headers)),
        lambda headers: HttpHeaders(environ(headers)),
        StarletteHeaders,
        CIMultiDict,
    ],
    ids=["dict", "pairs", "bytes", "lists", "http", "flask", "django", "starlette", "aiohttp"],
)
def test_headers_are_taken_as_a_framework_has_them(
    made: Callable[[dict[str, str]], Any],
) -> None:
    event = verify(made(signed(BODY)), BODY, secrets=SECRET, now=NOW)

    assert (type(event), event.id, event.case_id) == (StatusChanged, "evt_1", "case_1")


@pytest.mark.parametrize(
    ("body", "event_id", "kind"),
    [
        (status_changed(), "evt_1", StatusChanged),
        (case_completed(), "evt_2", CaseCompleted),
        (unknown_type(), "evt_3", Event),
    ],
)
def test_the_event_is_of_the_type_that_it_says(
    body: bytes, event_id: str, kind: type[Event]
) -> None:
    event = verify(signed(body, event_id=event_id), body, secrets=[SECRET], now=NOW)

    assert type(event) is kind
    assert event.id == event_id


@pytest.mark.parametrize("secrets", [[OTHER, SECRET], f"{OTHER} {SECRET}", {OTHER, SECRET}])
def test_any_of_the_live_secrets_will_do(secrets: Any) -> None:
    assert verify(signed(BODY), BODY, secrets=secrets, now=NOW).id == "evt_1"


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ([OTHER], "no_match"),
        ([], "no_match"),
        ("", "bad_secret"),
        (" ", "bad_secret"),
        ("hush", "bad_secret"),
        (None, "bad_secret"),
    ],
)
def test_without_the_right_secret_nothing_is_believed(secrets: Any, reason: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(signed(BODY), BODY, secrets=secrets, now=NOW)

    assert caught.value.reason == reason
    assert SECRET not in str(caught.value)


def test_the_time_counts() -> None:
    with pytest.raises(SignatureError, match="too old"):
        verify(signed(BODY), BODY, secrets=SECRET, now=NOW + 301)
    with pytest.raises(SignatureError, match="too old"):
        verify(signed(BODY), BODY, secrets=SECRET)  # by the clock, years later


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"id": "evt_1"}', b'{"id": NaN}'])
def test_what_is_rightly_signed_and_no_event_is_told_apart(body: bytes) -> None:
    with pytest.raises(PayloadError):
        verify(signed(body), body, secrets=SECRET, now=NOW)


def test_an_event_of_another_id_is_no_event() -> None:
    body = status_changed("evt_other")

    with pytest.raises(PayloadError, match="id: is not the signed webhook-id"):
        verify(signed(body), body, secrets=SECRET, now=NOW)


def test_no_error_shows_what_was_sent() -> None:
    body = b'{"id": "evt_1", "type": "case.completed", "data": {"narrative": "hush"}}'

    with pytest.raises(PayloadError) as caught:
        verify(signed(body), body, secrets=SECRET, now=NOW)

    assert "hush" not in f"{caught.value} {caught.value!r}"


def test_a_parsed_body_is_refused_with_the_remedy() -> None:
    with pytest.raises(SignatureError, match="bytes as they came"):
        verify(signed(BODY), BODY.decode(), secrets=SECRET, now=NOW)  # type: ignore[arg-type]


def test_it_is_at_the_root_too() -> None:
    assert fulfillment_sdk.verify is verify


@pytest.mark.parametrize("where", ["fulfillment_sdk", "fulfillment_sdk.receiver"])
def test_it_loads_no_database_and_needs_no_extra(where: str) -> None:
    heavy = ("sqlalchemy", "alembic", "cryptography", "pluggy", "requests", "asyncio", "aiohttp")
    code = (
        f"import sys; from {where} import verify\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50
    )

    assert done.stdout.strip() == "[]"
