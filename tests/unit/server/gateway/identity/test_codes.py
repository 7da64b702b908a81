"""One-time codes: contract, section 1."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.gateway.context import new_code, new_id
from fulfillment_sdk.server.gateway.identity.codes import PendingCode, judge, retry_after
from fulfillment_sdk.server.gateway.identity.digests import Digests

RIGHT, WRONG = b"right", b"wrong"


@pytest.mark.parametrize(
    ("pending", "offered", "now", "verdict"),
    [
        (None, RIGHT, 0, "none"),
        (PendingCode(RIGHT, 0, 0), RIGHT, 0, "right"),
        (PendingCode(RIGHT, 0, 0), RIGHT, 599.999, "right"),
        (PendingCode(RIGHT, 0, 0), RIGHT, 600, "expired"),
        (PendingCode(RIGHT, 0, 0), WRONG, 0, "wrong"),
        (PendingCode(RIGHT, 0, 0), WRONG, 600, "expired"),
        (PendingCode(RIGHT, 0, 4), RIGHT, 1, "right"),
        (PendingCode(RIGHT, 0, 4), WRONG, 1, "wrong"),
        (PendingCode(RIGHT, 0, 5), RIGHT, 1, "exhausted"),
        (PendingCode(RIGHT, 0, 5), RIGHT, 9999, "exhausted"),
    ],
)
def test_a_code_is_judged(
    pending: PendingCode | None, offered: bytes, now: float, verdict: str
) -> None:
    assert judge(pending, offered, now) == verdict


def test_an_exhausted_code_says_when_it_would_have_expired() -> None:
    assert retry_after(PendingCode(RIGHT, 100, 5), 100.5) == 600
    assert retry_after(PendingCode(RIGHT, 100, 5), 10_000) == 1


def test_a_codes_hash_depends_on_the_key_the_pair_and_the_code() -> None:
    one, other = Digests(b"1" * 32), Digests(b"2" * 32)
    pair, second = one.pair("a@example.org", "hope"), one.pair("a@example.or", "ghope")
    hashes = {
        one.code(pair, "123456"),
        one.code(pair, "123457"),
        one.code(second, "123456"),
        other.code(pair, "123456"),
    }
    assert len(hashes) == 4
    assert one.code(pair, "123456") == Digests(b"1" * 32).code(pair, "123456")


def test_digests_of_one_text_for_two_purposes_differ() -> None:
    digests = Digests(b"1" * 32)
    assert digests.email("x") != digests.address("x")


def test_codes_have_six_digits_and_ids_a_prefix_or_the_form_of_a_uuid() -> None:
    assert all(len(code) == 6 and code.isdigit() for code in (new_code() for _ in range(100)))
    assert new_id("sub").startswith("sub_")
    assert len(new_id("").split("-")) == 5
    assert new_id("") != new_id("")
