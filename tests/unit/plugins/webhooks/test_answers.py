"""What an endpoint's answer means, and what is kept of it (contract, section 4)."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.plugins.webhooks.answers import (
    KEPT_BYTES,
    beginning,
    explained,
    read_answer,
    redacted,
)
from fulfillment_sdk.plugins.webhooks.technical_words import TECHNICAL_WORDS
from fulfillment_sdk.receiver.reply import UNSIGNED
from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry
from tests.unit.plugins.bodies import case_completed, status_changed

NOW = 1_743_955_200.0
YEAR = 365 * 86_400.0


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert read_answer(status, {}, NOW) == Delivered(f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
def test_a_redirect_is_a_failure_that_is_tried_again(status: int) -> None:
    assert read_answer(status, {"Location": "https://else.where"}, NOW) == Retry(
        f"HTTP {status}: redirects are not followed"
    )


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_event_is_rejected(status: int) -> None:
    assert read_answer(status, {}, NOW) == Reject(f"HTTP {status}")


def test_gone_disables_the_destination() -> None:
    assert read_answer(410, {}, NOW) == Reject("HTTP 410", disable=True)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert read_answer(status, {}, NOW) == Retry(f"HTTP {status}")


@pytest.mark.parametrize("status", [402, 405, 406, 411, 413, 415, 418, 451])
def test_a_client_error_that_the_contract_does_not_list_is_tried_again(status: int) -> None:
    assert read_answer(status, {}, NOW) == Retry(f"HTTP {status}")


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        (formatdate(NOW + 100 * YEAR, usegmt=True), YEAR),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("9999999999", YEAR),
        ("9" * 5000, YEAR),
        ("0" * 5000 + "7", 7.0),
        ("٣", None),
        ("Mon, 99 Foo 2025 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, after: float | None) -> None:
    assert read_answer(429, {"retry-AFTER": value}, NOW) == Retry("HTTP 429", after=after)


@pytest.fixture
def _far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's clock shows another time than UTC."""
    monkeypatch.setenv("TZ", "Etc/GMT-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Apr 2025 16:01:30 GMT",
        "Sun, 06 Apr 2025 16:01:30",
        "Sun, 06 Apr 2025 16:01:30 -0000",
        "Sun, 06 Apr 2025 16:01:30 +0000",
        "Sun, 06 Apr 2025 18:01:30 +0200",
        "Sunday, 06-Apr-25 16:01:30 GMT",
        "Sun Apr  6 16:01:30 2025",
    ],
)
def test_a_retry_after_without_a_zone_is_in_utc(value: str) -> None:
    assert read_answer(503, {"Retry-After": value}, NOW) == Retry("HTTP 503", after=90.0)


@given(st.text() | st.from_regex(r"\w{3}, \d{1,3} \w{3} \d{1,6} [\d:]{1,12} [-+]\d{1,9}"))
def test_no_retry_after_whatever_is_an_exception(value: str) -> None:
    outcome = read_answer(503, {"Retry-After": value}, NOW)

    assert isinstance(outcome, Retry)
    assert outcome.after is None or 0 <= outcome.after <= YEAR


STORY = {
    "id": "evt_1",
    "timestamp": "2025-04-06T16:00:00.000000Z",
    "data": {"reporter": {"fname": "Amina", "phone": "+254700123456"}, "narrative": "is missing"},
}
SENT = json.dumps(STORY).encode()


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"error": "Missing required field: reporter.fname"}', "error * required field *"),
        (
            b"invalid signature for v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN",
            "invalid signature for *",
        ),
        (b"<html><body><h1>502 Bad Gateway</h1></body></html>", "* body * bad gateway * body *"),
        (b"WEBHOOK-TIMESTAMP too old", "webhook timestamp too old"),
        (UNSIGNED.body, "error not rightly signed or too old"),
        (b"Amina +254700123456", ""),
        (b"\xff\xfe\x00", ""),
        (b"", ""),
    ],
)
def test_of_an_answer_only_technical_words_are_kept(body: bytes, kept: str) -> None:
    assert redacted(body, sent=SENT) == kept


@pytest.mark.parametrize("sent", [SENT, status_changed(), case_completed()])
def test_an_echo_of_what_was_sent_leaves_none_of_its_values(sent: bytes) -> None:
    def values(thing: object) -> Iterator[str]:
        if isinstance(thing, dict):
            thing = list(thing.values())
        if isinstance(thing, list):
            for one in thing:
                yield from values(one)
        else:
            yield str(thing).lower()

    kept = set(redacted(sent * 2, sent=sent).split()) - {"*"}

    told = {word for value in values(json.loads(sent)) for word in value.split()}
    assert not kept & told


@given(st.text())
def test_no_word_is_kept_that_is_not_ours(text: str) -> None:
    body = text.encode()
    kept = redacted(body, sent=b"{}")

    assert set(kept.split()) <= TECHNICAL_WORDS | {"*"}
    assert len(kept) <= len(body)


def test_nothing_is_kept_where_what_was_sent_is_too_large_to_compare() -> None:
    assert redacted(b"internal error", sent=b" " * 70_000) == ""


def test_two_kibibytes_of_an_answer_are_kept_at_most() -> None:
    outcome = explained(Retry("HTTP 500"), b"error " * 100_000, sent=b"{}")

    assert isinstance(outcome, Retry)
    assert outcome.why.startswith("HTTP 500 (error error ")
    assert len(outcome.why) <= KEPT_BYTES + len("HTTP 500 ()")


@pytest.mark.parametrize(
    ("outcome", "after"),
    [
        (Delivered("HTTP 202"), Delivered("HTTP 202")),
        (Retry("HTTP 503", after=7.0), Retry("HTTP 503 (queue full)", after=7.0)),
        (Reject("HTTP 410", disable=True), Reject("HTTP 410 (queue full)", disable=True)),
    ],
)
def test_what_an_answer_said_explains_a_failure_and_changes_nothing(
    outcome: Outcome, after: Outcome
) -> None:
    assert explained(outcome, b"Queue full!", sent=b"{}") == after


async def test_of_an_endless_body_only_the_beginning_is_read() -> None:
    pulled = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pulled
        while True:
            pulled += 1
            yield b"x" * 8192

    assert await beginning(endless(), 65536) == (b"x" * 65536, False)
    assert pulled == 9


async def test_a_body_within_the_limit_is_read_whole() -> None:
    async def short() -> AsyncIterator[bytes]:
        yield b"a" * 4
        yield b"b" * 6

    assert await beginning(short(), 10) == (b"aaaabbbbbb", True)
