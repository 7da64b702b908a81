"""Standard Webhooks 1.0, as the contract uses it (section 4)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk import signing
from fulfillment_sdk.errors import (
    ConfigurationError,
    PayloadError,
    SignatureError,
    SignatureReason,
)

# The example that Standard Webhooks' own libraries are tested with.
PUBLISHED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLISHED_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
PUBLISHED_BODY = b'{"test": 2432232314}'
PUBLISHED_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
AT = 1614265330

OLD, NEW = ("whsec_" + base64.b64encode(fill * 32).decode() for fill in (b"o", b"n"))
BODY = b'{"id":"evt_1"}'


def signed(*secrets: str, at: int = AT) -> dict[str, str]:
    return signing.headers(secrets or (NEW,), "evt_1", at, BODY)


def reason(headers: Any, body: Any = BODY, *, secrets: Any = (NEW,), now: float = AT) -> str:
    with pytest.raises(SignatureError) as caught:
        signing.verify(headers, body, secrets=secrets, now=now)
    return caught.value.reason


def test_the_published_example_is_signed_as_published() -> None:
    signature = signing.sign(PUBLISHED_SECRET, PUBLISHED_ID, AT, PUBLISHED_BODY)
    assert signature == PUBLISHED_SIGNATURE


def test_the_published_example_verifies() -> None:
    headers = {
        "webhook-id": PUBLISHED_ID,
        "webhook-timestamp": str(AT),
        "webhook-signature": PUBLISHED_SIGNATURE,
    }
    verified = signing.verify(headers, PUBLISHED_BODY, secrets=[PUBLISHED_SECRET], now=AT)
    assert verified == signing.Verified(PUBLISHED_ID, AT, 0)


def test_what_is_signed_is_id_timestamp_and_body() -> None:
    key = b"k" * 32
    secret = "whsec_" + base64.b64encode(key).decode()
    digest = hmac.digest(key, b"evt_1.1614265330." + BODY, "sha256")
    assert signing.sign(secret, "evt_1", AT, BODY) == "v1," + base64.b64encode(digest).decode()


@pytest.mark.parametrize("change", ["id", "timestamp", "body", "signature", "secret"])
def test_whatever_is_changed_the_signature_no_longer_matches(change: str) -> None:
    headers, body, secret = signed(), BODY, NEW
    if change == "id":
        headers["webhook-id"] = "evt_2"
    elif change == "timestamp":
        headers["webhook-timestamp"] = str(AT + 1)
    elif change == "body":
        body += b" "
    elif change == "signature":
        headers["webhook-signature"] = signing.sign(NEW, "evt_1", AT, b"")
    else:
        secret = OLD
    assert reason(headers, body, secrets=[secret]) == "no_match"


@pytest.mark.parametrize(("off", "ok"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_notification_is_good_for_five_minutes_either_way(off: int, ok: bool) -> None:
    now = AT + off
    if ok:
        assert signing.verify(signed(), BODY, secrets=[NEW], now=now).timestamp == AT
    else:
        assert reason(signed(), now=now) == ("too_new" if off < 0 else "too_old")


def test_the_tolerance_can_be_narrowed() -> None:
    with pytest.raises(SignatureError, match="too old"):
        signing.verify(signed(), BODY, secrets=[NEW], now=AT + 11, tolerance=10)


def test_a_clock_that_is_no_number_lets_nothing_through() -> None:
    assert reason(signed(), now=float("nan")) == "too_old"


def test_without_a_clock_the_systems_is_taken() -> None:
    with pytest.raises(SignatureError, match="too old"):
        signing.verify(signed(), BODY, secrets=[NEW])


def test_during_a_rotation_both_secrets_sign_and_either_verifies() -> None:
    headers = signed(NEW, OLD)
    assert headers["webhook-signature"].count("v1,") == 2
    assert signing.verify(headers, BODY, secrets=[OLD], now=AT).secret_index == 0
    assert signing.verify(headers, BODY, secrets=[NEW], now=AT).secret_index == 0


def test_the_result_says_which_secret_matched() -> None:
    assert signing.verify(signed(OLD), BODY, secrets=[NEW, OLD], now=AT).secret_index == 1
    assert signing.verify(signed(NEW), BODY, secrets=[NEW, OLD], now=AT).secret_index == 0
    assert signing.verify(signed(NEW, OLD), BODY, secrets=(NEW, OLD), now=AT).secret_index == 0


def test_a_single_secret_needs_no_list() -> None:
    assert signing.verify(signed(), BODY, secrets=NEW, now=AT).id == "evt_1"


def test_no_secret_verifies_nothing() -> None:
    assert reason(signed(), secrets=[]) == "no_match"


def test_signatures_of_other_versions_are_skipped() -> None:
    headers = signed()
    good = headers["webhook-signature"]
    headers["webhook-signature"] = f"v1a,AAAA v2,{good[3:]} {good}"
    assert signing.verify(headers, BODY, secrets=[NEW], now=AT).id == "evt_1"
    headers["webhook-signature"] = f"v1a,{good[3:]}"
    assert reason(headers) == "no_match"


@pytest.mark.parametrize(
    "headers",
    [
        {name.upper(): value for name, value in signed().items()},
        {name.encode(): value.encode() for name, value in signed().items()},
        {name: [value] for name, value in signed().items()},
        list(signed().items()),
        tuple(
            (name.title().encode(), bytearray(value.encode())) for name, value in signed().items()
        ),
        iter([("host", "x"), *signed().items()]),
        [*signed().items(), ("x-other", 5), (7, "seven")],
    ],
    ids=["upper", "bytes", "lists", "pairs", "byte-pairs", "iterator", "strangers"],
)
def test_headers_are_found_in_any_case_and_any_container(headers: Any) -> None:
    assert signing.verify(headers, BODY, secrets=[NEW], now=AT).id == "evt_1"


@pytest.mark.parametrize("body", [bytearray(BODY), memoryview(BODY)])
def test_the_body_may_be_any_bytes(body: Any) -> None:
    assert signing.verify(signed(), body, secrets=[NEW], now=AT).id == "evt_1"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_of_the_three_headers_is_needed_once(name: str) -> None:
    headers = signed()
    value = headers.pop(name)
    assert reason(headers) == "missing_header"
    assert reason({**headers, name: None}) == "missing_header"
    assert reason({**headers, name: []}) == "missing_header"
    assert reason({**headers, name: 5}) == "bad_headers"
    assert reason({**headers, name: value, name.upper(): value}) == "repeated_header"
    assert reason({**headers, name: [value, value]}) == "repeated_header"


@pytest.mark.parametrize("headers", [None, 5, "webhook-id: x", [("webhook-id",)], b"x", [None]])
def test_what_is_no_set_of_headers_is_refused(headers: Any) -> None:
    assert reason(headers) == "bad_headers"


@pytest.mark.parametrize("value", ["", " ", "a.b", "evt 1", "evt_…", "x" * 257, "evt\n", "\ud800"])
def test_an_id_is_printable_and_has_no_full_stop(value: str) -> None:
    assert reason({**signed(), "webhook-id": value}) == "bad_id"
    with pytest.raises(PayloadError, match="id"):
        signing.sign(NEW, value, AT, BODY)


@pytest.mark.parametrize(
    "value", ["", "-1", "+1614265330", "1614265330.0", "1e9", " 1614265330", "١٦", "9" * 13, "nan"]
)
def test_a_timestamp_is_plain_digits(value: str) -> None:
    assert reason({**signed(), "webhook-timestamp": value}) == "bad_timestamp"


def test_the_timestamp_is_checked_as_it_was_written() -> None:
    headers = {**signed(), "webhook-timestamp": f"0{AT}"}
    assert reason(headers) == "no_match"


@pytest.mark.parametrize("value", [-1, True, 1.5, 10**12])
def test_only_whole_seconds_are_signed(value: Any) -> None:
    with pytest.raises(PayloadError, match="timestamp"):
        signing.sign(NEW, "evt_1", value, BODY)


@pytest.mark.parametrize("body", [None, BODY.decode(), 5, {}])
def test_a_body_that_is_not_bytes_is_refused(body: Any) -> None:
    assert reason(signed(), body) == "bad_body"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "secret",
        base64.b64encode(b"k" * 32).decode(),
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
        "whsec_" + "é" * 32,
        "whsec_" + "-_" * 16,
        None,
        b"whsec_" + base64.b64encode(b"k" * 32),
    ],
)
def test_a_malformed_secret_is_refused(secret: Any) -> None:
    assert reason(signed(), secrets=[secret]) == "bad_secret"
    with pytest.raises(ConfigurationError):
        signing.check_secret(secret)
    with pytest.raises(ConfigurationError):
        signing.sign(secret, "evt_1", AT, BODY)


@pytest.mark.parametrize("secret", ["hunter2", "whsec_hunter2", "whsec_hunter!2", "whsec_hunter22"])
def test_a_refused_secret_is_never_shown(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        signing.check_secret(secret)
    assert "hunter" not in f"{caught.value!s}{caught.value!r}{caught.value.__cause__!r}"
    assert "signing.new_secret()" in caught.value.remedy


@pytest.mark.parametrize("size", [24, 25, 64])
def test_a_key_has_24_to_64_bytes_with_or_without_padding(size: int) -> None:
    padded = "whsec_" + base64.b64encode(b"k" * size).decode()
    assert signing.check_secret(padded) == padded
    assert signing.sign(padded, "e", 1, b"") == signing.sign(padded.rstrip("="), "e", 1, b"")


def test_secrets_that_are_no_list_are_refused() -> None:
    assert reason(signed(), secrets=None) == "bad_secret"


def test_signing_with_no_secret_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        signing.sign_all([], "evt_1", AT, BODY)


def test_a_new_secret_has_32_random_bytes() -> None:
    secret = signing.new_secret(lambda size: b"r" * size)
    assert secret == "whsec_" + base64.b64encode(b"r" * 32).decode()
    assert signing.new_secret() != signing.new_secret()
    assert signing.check_secret(signing.new_secret())


ANYTHING = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.text(alphabet="0123456789.v1,=AB- \n\x00é\ud800", max_size=400),
    st.lists(st.text(), max_size=3),
    st.just("1" * 100_000),
    st.just(str(AT)),
    st.just(signed()["webhook-signature"]),
)
NAMES = st.one_of(
    st.sampled_from([*signed(), *(name.upper().encode() for name in signed())]), ANYTHING
)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.dictionaries(NAMES.filter(lambda name: not isinstance(name, list)), ANYTHING),
        st.lists(st.tuples(NAMES, ANYTHING)),
        st.fixed_dictionaries(dict.fromkeys(signed(), ANYTHING)),
        ANYTHING,
    ),
    st.one_of(st.binary(), ANYTHING),
    st.one_of(st.just([NEW]), st.lists(ANYTHING), ANYTHING),
)
def test_whatever_comes_in_the_end_is_a_result_or_a_signature_error(
    headers: Any, body: Any, secrets: Any
) -> None:
    outcome: Mapping[str, str] | signing.Verified | str
    try:
        outcome = signing.verify(headers, body, secrets=secrets, now=AT)
    except SignatureError as error:
        outcome = error.reason
    assert isinstance(outcome, signing.Verified) or outcome in get_args(SignatureReason)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary(max_size=2000),
    st.text(alphabet="abcXYZ019_-", min_size=1, max_size=64),
    st.integers(min_value=0, max_value=10**12 - 1),
    st.binary(min_size=24, max_size=64),
)
def test_what_is_signed_verifies(body: bytes, id: str, at: int, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = signing.headers([OLD, secret], id, at, body)
    assert signing.verify(headers, body, secrets=[secret], now=at) == signing.Verified(id, at, 0)
