from __future__ import annotations

import pytest
import requests
import responses

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client
from tests.unit.client.support import (
    AUTH,
    CASES,
    CREATED,
    IDEMPOTENT,
    Time,
    make_client,
    mock,
    new_case,
    sample,
    sent_json,
)

EMAIL = "your-company-email@example.com"
NAME = "Your Organization Name"
TOKEN = {
    "status": "success",
    "message": "Email verified successfully",
    "token": "aaa.bbb.ccc",
    "organization_id": "550e8400-e29b-41d4-a716-446655440000",
    "expires": "2026-04-24T14:25:30.123456Z",
}


def verify(client: Client, otp: str = "123456") -> None:
    client.auth.verify_otp(email=EMAIL, otp=otp, organization_name=NAME)


def test_a_code_is_requested_for_an_address_and_an_organization(
    mocked: responses.RequestsMock,
) -> None:
    mocked.post(
        f"{AUTH}request-verification/",
        json={
            "status": "success",
            "message": "Verification code sent to provided email",
            "email": EMAIL,
            "expires_at": "2025-04-24T15:30:45.123456Z",
        },
    )
    sent = make_client().auth.request_verification(email=EMAIL, organization_name=NAME)
    assert sent.expires_at == "2025-04-24T15:30:45.123456Z"
    assert sent.message == "Verification code sent to provided email"
    assert list(sent_json(mocked)) == [{"email": EMAIL, "organization_name": NAME}]
    assert "Authorization" not in mocked.calls[0].request.headers


def test_the_code_brings_a_token(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{AUTH}verify-otp/", json=TOKEN)
    token = make_client().auth.verify_otp(email=EMAIL, otp=" 123456\n", organization_name=NAME)
    assert token.token == "aaa.bbb.ccc"
    assert token.organization_id == "550e8400-e29b-41d4-a716-446655440000"
    assert list(sent_json(mocked)) == [{"email": EMAIL, "otp": "123456", "organization_name": NAME}]


def test_the_client_uses_the_token_from_then_on(mocked: responses.RequestsMock) -> None:
    client = make_client(token="old")
    mocked.post(f"{AUTH}verify-otp/", json=TOKEN)
    mocked.post(CASES, json=CREATED, status=201)
    verify(client)
    client.cases.create(new_case())
    assert mocked.calls[1].request.headers["Authorization"] == "Bearer aaa.bbb.ccc"


def test_the_legacy_call_brings_a_token_too(mocked: responses.RequestsMock) -> None:
    client = make_client(token=None)
    mocked.post(f"{AUTH}token/", json=TOKEN | {"organization_id": 12345})
    mocked.post(CASES, json=CREATED, status=201)
    token = client.auth.legacy_token(organization_name=NAME, organization_email=EMAIL)
    client.cases.create(new_case())
    assert token.organization_id == "12345"
    assert mocked.calls[1].request.headers["Authorization"] == "Bearer aaa.bbb.ccc"


def test_a_token_is_never_shown(mocked: responses.RequestsMock) -> None:
    client = make_client(token="s3cret")
    mocked.post(f"{AUTH}verify-otp/", json=TOKEN)
    assert "s3cret" not in repr(client)
    assert "aaa.bbb.ccc" not in repr(
        client.auth.verify_otp(email=EMAIL, otp="123456", organization_name=NAME)
    )
    assert "aaa.bbb.ccc" not in repr(client)


def test_the_deployed_gateways_answers_are_read(mocked: responses.RequestsMock) -> None:
    client = make_client()
    mock(mocked, sample("auth-request-ok"))
    mock(mocked, sample("auth-verify-ok"))
    code = client.auth.request_verification(email=EMAIL, organization_name=NAME)
    token = client.auth.verify_otp(email=EMAIL, otp="582007", organization_name=NAME)
    assert code.expiry.isoformat() == "2026-11-21T20:08:28.788489+00:00"
    assert token.expiry.isoformat() == "2027-11-21T19:58:29.029347+00:00"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Email, OTP, and organization name are required", errors.BadRequest),
        (400, "Invalid verification code", errors.WrongCode),
        (400, "Verification has expired", errors.CodeExpired),
        (400, "Verification has expired, please request a new code", errors.CodeExpired),
        (404, "No pending verification found for this email", errors.NoPendingVerification),
        (429, "Too many attempts", errors.TooManyAttempts),
        (403, "Organization not authorized to access this resource", errors.Forbidden),
        (502, "Failed to send verification email", errors.ServerError),
    ],
)
def test_each_documented_refusal_has_its_error(
    mocked: responses.RequestsMock, time: Time, status: int, message: str, kind: type[Exception]
) -> None:
    mocked.post(
        f"{AUTH}verify-otp/",
        json={"status": "error", "message": message},
        status=status,
        headers=IDEMPOTENT | {"Retry-After": "5"},
    )
    with pytest.raises(errors.APIError) as raised:
        verify(make_client(time))
    assert type(raised.value) is kind
    assert raised.value.message == message
    assert time.slept == []


def test_a_code_that_may_be_used_up_is_not_sent_again(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(f"{AUTH}verify-otp/", body=requests.ReadTimeout())
    with pytest.raises(errors.OutcomeUnknown) as raised:
        verify(make_client(time))
    assert "request a new verification code" in raised.value.remedy


def test_a_mail_that_may_be_on_its_way_is_not_asked_for_again(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(f"{AUTH}request-verification/", body=requests.ReadTimeout())
    with pytest.raises(errors.OutcomeUnknown) as raised:
        make_client(time).auth.request_verification(email=EMAIL, organization_name=NAME)
    assert "mailbox" in raised.value.remedy


def test_a_server_without_the_legacy_call_does_not_offer_it(
    mocked: responses.RequestsMock,
) -> None:
    mock(mocked, sample("token-legacy"))
    with pytest.raises(errors.NotOffered) as raised:
        make_client().auth.legacy_token(organization_name=NAME, organization_email=EMAIL)
    assert raised.value.feature == "legacy token"


@pytest.mark.parametrize("body", [{}, {"status": "success"}, {"token": ""}, {"token": None}])
def test_a_success_without_a_token_is_none(
    mocked: responses.RequestsMock, body: dict[str, object]
) -> None:
    client = make_client(token=None)
    mocked.post(f"{AUTH}verify-otp/", json=body)
    with pytest.raises(errors.UnexpectedAnswer):
        verify(client)
    assert "without a token" in repr(client)


def test_a_success_that_says_nothing_of_a_code_is_none(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{AUTH}request-verification/", json={"hello": "world"})
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().auth.request_verification(email=EMAIL, organization_name=NAME)


def test_an_error_shows_neither_the_code_nor_the_address(mocked: responses.RequestsMock) -> None:
    message = f"Invalid verification code 123456 for {EMAIL}"
    mocked.post(f"{AUTH}verify-otp/", json={"message": message}, status=400)
    with pytest.raises(errors.WrongCode) as raised:
        verify(make_client())
    assert "123456" not in str(raised.value)
    assert EMAIL not in str(raised.value)


def test_after_five_wrong_codes_a_new_one_may_be_requested_at_once(
    mocked: responses.RequestsMock,
) -> None:
    said = {"status": "error", "message": "Too many attempts"}
    mocked.post(f"{AUTH}verify-otp/", json=said, status=429, headers={"Retry-After": "540"})
    with pytest.raises(errors.TooManyAttempts) as raised:
        verify(make_client())
    assert raised.value.remedy == "Request a new verification code: there is no need to wait."
    assert raised.value.retry_after == 540


def test_after_too_many_mails_the_seconds_to_wait_are_named(mocked: responses.RequestsMock) -> None:
    said = {"status": "error", "message": "Too many attempts"}
    mocked.post(f"{AUTH}request-verification/", json=said, status=429, headers={"Retry-After": "9"})
    with pytest.raises(errors.TooManyRequests) as raised:
        make_client().auth.request_verification(email=EMAIL, organization_name=NAME)
    assert raised.value.remedy == "Wait, then repeat. (Seconds to wait: 9.)"


def test_a_mail_that_the_gateway_could_not_send_has_a_remedy(
    mocked: responses.RequestsMock,
) -> None:
    said = {"status": "error", "message": "Failed to send verification email"}
    mocked.post(f"{AUTH}request-verification/", json=said, status=502, headers=IDEMPOTENT)
    with pytest.raises(errors.ServerError) as raised:
        make_client().auth.request_verification(email=EMAIL, organization_name=NAME)
    assert raised.value.message == "Failed to send verification email"
    assert raised.value.remedy.startswith("Repeat later: ")


def test_a_call_without_a_token_says_that_none_was_set(mocked: responses.RequestsMock) -> None:
    said = {"status": "error", "message": "Invalid or expired authentication token"}
    remedies = []
    for token in (None, "t0ken"):
        mocked.post(CASES, json=said, status=401, headers=IDEMPOTENT)
        with pytest.raises(errors.Unauthorized) as raised:
            make_client(token=token).cases.create(new_case())
        remedies.append(raised.value.remedy)
    assert remedies[0].startswith("The client has no token: give token= or tokens=, or set ")
    assert remedies[1] == errors.Unauthorized.default_remedy


REVOKED = {"status": "success", "message": "Token revoked"}


def test_a_revoked_token_is_not_used_any_more(mocked: responses.RequestsMock) -> None:
    client = make_client()
    mocked.post(f"{AUTH}revoke/", json=REVOKED)
    mocked.post(CASES, status=401, json={"message": "Invalid or expired"}, headers=IDEMPOTENT)
    assert client.auth.revoke().message == "Token revoked"
    assert repr(client).endswith("without a token>")
    with pytest.raises(errors.Unauthorized, match="has no token"):
        client.cases.create(new_case())
    first, second = (one.request.headers for one in mocked.calls)
    assert first["Authorization"] == "Bearer t0ken"
    assert "Authorization" not in second


def test_a_revocation_whose_answer_was_lost_is_done_where_the_token_is_refused(
    mocked: responses.RequestsMock, time: Time
) -> None:
    client = make_client(time)
    mocked.post(f"{AUTH}revoke/", body=requests.ReadTimeout())
    mocked.post(f"{AUTH}revoke/", status=401, json={"message": "Invalid"}, headers=IDEMPOTENT)
    assert client.auth.revoke().raw == {}
    assert repr(client).endswith("without a token>")


def test_a_token_that_was_worth_nothing_before_is_not_revoked(
    mocked: responses.RequestsMock,
) -> None:
    client = make_client()
    mocked.post(f"{AUTH}revoke/", status=401, json={"message": "Invalid"}, headers=IDEMPOTENT)
    with pytest.raises(errors.Unauthorized):
        client.auth.revoke()
    assert repr(client).endswith("with a token>")


@pytest.mark.parametrize("lost", [False, True])
def test_a_server_without_revocation_does_not_offer_it(
    mocked: responses.RequestsMock, lost: bool
) -> None:
    client = make_client()
    if lost:
        mocked.post(f"{AUTH}revoke/", body=requests.ReadTimeout())
    mocked.post(f"{AUTH}revoke/", status=401, json={"message": "Authentication required"})
    with pytest.raises(errors.NotOffered) as raised:
        client.auth.revoke()
    assert raised.value.feature == "token revocation"
    assert repr(client).endswith("with a token>")
