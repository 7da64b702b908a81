"""What a sink says of a delivery is told in a line, and no secret and no body with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry
from fulfillment_sdk.relay.remarks import LONGEST, remark
from tests.unit.relay.conftest import Bench, event

Make = Callable[..., Bench]

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodXNoIn0.aHVzaC1odXNoLWh1c2g"


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "HTTP 200",
        "HTTP 503: redirects are not followed",
        "the peer is away",
        "no answer within 30 s",
        "every recipient is refused (SMTP 550)",
        "OperationalError (08006)",
        "the endpoint's name can't be resolved (ETIMEDOUT)",
        "connection to 127.0.0.1:5432 refused",
        "HTTP 400 (signature * expired)",
        "HTTP 401 (bearer token missing, secret wrong)",
        "event evt_0123456789abcdef0123456789abcdef was there already",
    ],
)
def test_a_cause_is_told_as_it_is(plain: str) -> None:
    assert remark(plain) == plain


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"refused: {TOKEN}", "refused: …"),
        ("key whsec_aHVzaA== is unknown", "key … is unknown"),
        ("Bearer hush-1 is not accepted", "Bearer … is not accepted"),
        ("got Basic aHVzaDpodXNo twice", "got Basic … twice"),
        ("login failed, password=hush hush", "login failed, password=…"),
        ("X-Api-Key: hush", "X-Api-Key: …"),
        ("client_secret = hush", "client_secret = …"),
        ("host=db user=desk pwd=hush", "host=db user=desk pwd=…"),
        ("the api key: hush", "the api key: …"),
        ("aws_access_key = hush", "aws_access_key = …"),
        ("no such key sk_live_51Hush", "no such key …"),
        ("xoxb-123-Hush was revoked", "… was revoked"),
        ("AKIAHUSHHUSHHUSH1234 may not", "… may not"),
        ("no connection to amqp://user:hush@mq/x", "no connection to amqp://…@mq/x"),
        ("GET https://x.org/a?key=hush failed", "GET https://x.org/a?… failed"),
        ("<hush@example.org> is unknown", "… is unknown"),
        ("mailbox hush@example.org is full", "mailbox … is full"),
        ('no such user: "Hush Otieno"', "no such user: …"),
        ("KeyError('hush')", "KeyError(…)"),
        ('400 {"narrative": "hush', "400 …"),
        ("got b'hush hush", "got …"),
        ("502 <html><body>hush</body></html>", "502 …"),
        ("a" * 40, "…"),
    ],
)
def test_what_looks_like_a_secret_or_a_body_is_masked(said: str, told: str) -> None:
    assert remark(said) == told


def test_it_is_one_line_and_a_short_one() -> None:
    assert remark("two\r\nlines\tof it\0") == "two lines of it"
    long = remark("word " * 1000)
    assert len(long) == LONGEST
    assert long.endswith("word…")


@pytest.mark.parametrize("answer", [Retry, Reject, Delivered])
def test_an_attempt_is_recorded_logged_and_told_without_them(
    answer: Callable[[str], Outcome], make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "fulfillment_sdk")
    bench = make()
    bench.sink.script["e1"] = [answer(f'refused\n{TOKEN} for {{"person": "hush')]
    bench.accept(event("e1"))

    asyncio.run(bench.turn())

    (attempt,) = bench.relay.attempts(event_id="e1").result()
    assert attempt.why == "refused … for …"
    waiting = [one.why for one in bench.relay.undelivered().result()]
    assert waiting == ([] if attempt.outcome == "delivered" else ["refused … for …"])
    assert '"refused' in caplog.text
    assert "hush" not in caplog.text
    assert TOKEN not in caplog.text
