from __future__ import annotations

import attrs
import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.client.auth import VERIFYING
from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.client.calls.cases import REPORTING
from fulfillment_sdk.client.exchange.refusals import refusal, retry_after
from tests.unit.client.support import CASES, answer, call, sample

NOW = 1_743_849_002.0  # Sat, 05 Apr 2025 10:30:02 GMT


def refused(got: Answer, **changes: object) -> errors.APIError:
    return refusal(call(**changes), got, now=NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (405, errors.APIError),
        (409, errors.Conflict),
        (410, errors.NotFound),
        (413, errors.TooLarge),
        (415, errors.UnsupportedMediaType),
        (418, errors.APIError),
        (422, errors.BadRequest),
        (429, errors.TooManyRequests),
        (500, errors.ServerError),
        (503, errors.Unavailable),
        (599, errors.ServerError),
        (304, errors.UnexpectedAnswer),
        (100, errors.UnexpectedAnswer),
    ],
)
def test_the_status_decides_first(status: int, kind: type[errors.APIError]) -> None:
    error = refused(answer({"message": "No."}, status), item=True)
    assert type(error) is kind
    assert error.status == status


@pytest.mark.parametrize(
    ("message", "kind", "field"),
    [
        ("Missing required field: reporter.fname", errors.MissingField, "reporter.fname"),
        (
            "Invalid value for field: clients_case[0].age",
            errors.InvalidField,
            "clients_case[0].age",
        ),
        ("Invalid timestamp: src_ts", errors.InvalidField, "src_ts"),
        (
            "Invalid value for field: clients_case[0]..id",
            errors.InvalidField,
            "clients_case[0]..id",
        ),
    ],
)
def test_a_refused_field_is_named(
    message: str, kind: type[errors.MissingField | errors.InvalidField], field: str
) -> None:
    error = refused(answer({"error": message}, 400))
    assert isinstance(error, kind)
    assert error.field == field
    assert error.message == message


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("auth-verify-wrong", errors.WrongCode),
        ("auth-verify-expired", errors.CodeExpired),
        ("auth-verify-none-pending", errors.NoPendingVerification),
        ("auth-verify-missing-otp", errors.BadRequest),
        ("auth-request-mail-down", errors.ServerError),
    ],
)
def test_known_words_refine_the_answers_of_the_authentication(
    name: str, kind: type[errors.APIError]
) -> None:
    assert type(refused(sample(name), known=VERIFYING)) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("case-token-expired", errors.Unauthorized),
        ("case-organization-deactivated", errors.OrganizationInactive),
        ("case-body-json-null", errors.ServerError),
        ("case-example-minimal-fields", errors.InvalidField),
        ("case-blank-narrative", errors.MissingField),
        ("case-null-fields", errors.MissingField),
        ("case-narrative-spaces", errors.MissingField),
        ("case-clients-null", errors.MissingField),
        ("case-nul-character", errors.InvalidField),
        ("case-object-for-string", errors.InvalidField),
        ("case-field-too-long", errors.InvalidField),
        ("case-no-token", errors.Unauthorized),
        ("case-basic-auth", errors.Unauthorized),
        ("case-token-wrong-signature", errors.Unauthorized),
        ("case-unknown-path", errors.NotOffered),
        ("token-legacy", errors.NotOffered),
        ("status-no-slash", errors.UnexpectedAnswer),
        ("case-put", errors.APIError),
    ],
)
def test_the_deployed_gateways_refusals_are_understood(
    name: str, kind: type[errors.APIError]
) -> None:
    assert type(refused(sample(name))) is kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"Verification has EXPIRED.", errors.CodeExpired),
        (b'"Invalid verification code, sorry"', errors.WrongCode),
        (b'{"error": "The code is expired"}', errors.CodeExpired),
        (b'{"detail": "invalid verification"}', errors.WrongCode),
        (b"Bad Request", errors.BadRequest),
    ],
)
def test_known_words_are_known_wherever_they_stand(
    body: bytes, kind: type[errors.APIError]
) -> None:
    got = answer(body, 400, content_type="text/plain")
    assert type(refused(got, known=VERIFYING)) is kind


def test_the_page_of_a_proxy_is_not_read_for_words() -> None:
    got = answer(b"<h1>The certificate has expired</h1>", 400, content_type="text/html")
    assert type(refused(got, known=VERIFYING)) is errors.BadRequest


def test_expired_means_the_code_only_where_codes_are_verified() -> None:
    assert type(refused(answer({"message": "It has expired"}, 400))) is errors.BadRequest


def test_nested_errors_are_shown_as_field_names_only() -> None:
    error = refused(sample("case-unknown-conversation"))
    assert str(error).startswith("Invalid complaint data: conversation\n")
    assert "999999" not in str(error)


def test_a_key_of_nested_errors_that_was_sent_as_a_value_is_not_shown() -> None:
    got = answer({"message": "Invalid", "errors": {"Jane": ["unknown"], "plan": ["blank"]}}, 400)
    assert refused(got, body=b'{"fname": "Jane"}').message == "Invalid: …, plan"


def test_every_field_of_nested_errors_is_named() -> None:
    assert refused(sample("case-null-fields")).message == "Invalid complaint data: plan, priority"


def test_a_message_never_echoes_what_was_sent() -> None:
    error = refused(
        answer({"message": "Jane Smith is unknown", "detail": "of 0712345678"}, 400),
        body=b'{"reporter": {"fname": "Jane Smith", "phone": "0712345678"}}',
    )
    assert "Jane" not in str(error) + repr(error) + repr(error.detail)
    assert "0712345678" not in str(error) + repr(error) + repr(error.detail)


def test_html_and_plain_words_are_not_shown() -> None:
    html = answer(b"<html><b>Jane Smith</b></html>", 500, content_type="text/html")
    assert "Jane" not in str(refused(html))
    assert "500" in str(refused(html))
    assert "Processing" not in str(refused(sample("case-body-json-null")))


def test_an_empty_body_still_makes_an_error() -> None:
    assert "405" in str(refused(answer(b"", 405)))


def test_the_detail_says_which_refusal_it_is() -> None:
    body = {
        "status": "error",
        "message": "Organization not authorized to access this resource",
        "detail": "Organization access has been revoked",
    }
    error = refused(answer(body, 403))
    assert error.message == "Organization not authorized to access this resource"
    assert error.detail == "Organization access has been revoked"


def test_an_error_knows_its_request_and_its_body() -> None:
    error = refused(answer({"error": "Portal unavailable"}, 503, x_request_id="req_1"))
    assert error.request is not None
    assert (error.request.method, error.request.url) == ("POST", CASES)
    assert error.response is not None
    assert (error.response.status, error.request_id) == (503, "req_1")
    assert error.body == {"error": "Portal unavailable"}


def test_a_redirect_says_that_it_is_not_followed() -> None:
    error = refused(sample("status-no-slash"))
    assert "never followed" in error.message
    assert "is it https" in error.remedy


def test_a_missing_feature_is_named() -> None:
    error = refused(sample("case-unknown-path"), feature="subscriptions", beyond=True)
    assert isinstance(error, errors.NotOffered)
    assert error.feature == "subscriptions"


def test_an_unknown_path_may_ask_for_a_token_first() -> None:
    got = sample("case-unknown-path-no-token")
    assert isinstance(refused(got, feature="subscriptions", beyond=True), errors.NotOffered)


def test_a_server_that_announces_features_means_its_401() -> None:
    got = answer({"message": "Invalid"}, 401, fulfillment_features="events")
    assert type(refused(got, feature="subscriptions", beyond=True)) is errors.Unauthorized


def test_a_401_of_a_documented_call_is_about_the_token() -> None:
    assert type(refused(sample("case-unknown-path-no-token"))) is errors.Unauthorized


def test_a_404_in_json_is_about_the_thing_asked_for() -> None:
    got = answer({"status": "error", "message": "Not found"}, 404)
    assert type(refused(got, beyond=True, item=True)) is errors.NotFound


def test_a_404_for_a_fixed_address_is_about_the_address() -> None:
    got = answer({"error": "Not found"}, 404)
    assert type(refused(got)) is errors.NotOffered


def test_a_404_without_known_words_is_not_found_where_something_can_be_missing() -> None:
    got = answer({"message": "Nothing here"}, 404)
    assert type(refused(got, known=VERIFYING)) is errors.NotFound


def test_a_field_is_corrected_where_it_was_given() -> None:
    got = answer({"error": "Invalid value for field: url"}, 400)
    assert "case" in refused(got).remedy
    assert "case" not in refused(got, path="/api/webhook/webform/subscriptions/").remedy


def test_a_reused_key_has_a_remedy() -> None:
    error = refused(answer({"error": "Idempotency key reused with a different request"}, 409))
    assert "another idempotency_key and another src_uid" in error.remedy


def test_too_large_a_body_has_a_remedy() -> None:
    assert "1 MiB" in refused(answer({"error": "Request body too large"}, 413)).remedy


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("120", 120.0),
        ("99999999999", 99_999_999_999.0),
        (" 1.5 ", 1.5),
        ("Sat, 05 Apr 2025 10:31:02 GMT", 60.0),
        ("Sat, 05 Apr 2025 10:31:02 -0000", 60.0),
        ("Sat, 05 Apr 2025 10:29:02 GMT", 0.0),
        ("Sat, 05 Apr 99999 10:29:02 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after({} if header is None else {"retry-after": header}, NOW) == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Sat, 05 Apr 2025 09:30:52 GMT", 10.0),  # an hour behind ours
        ("Sat, 05 Apr 2025 09:31:02 GMT", 0.0),
        ("Sat, 05 Apr 2025 09:31:03 GMT", 0.0),
        ("yesterday", 0.0),
        ("", 0.0),
    ],
)
def test_a_date_to_wait_for_is_measured_by_the_servers_clock(date: str, seconds: float) -> None:
    headers = {"retry-after": "Sat, 05 Apr 2025 09:31:02 GMT", "date": date}
    assert retry_after(headers, NOW) == seconds


def test_a_server_whose_clock_is_ahead_is_not_waited_for_longer() -> None:
    headers = {"retry-after": "Sat, 05 Apr 2025 11:30:12 GMT", "date": "Sat, 05 Apr 2025 11:30:02"}
    assert retry_after(headers, NOW) == 10.0


@pytest.mark.parametrize("date", ["Sat, 05 Apr 2025 11:30:12 GMT", "tomorrow"])
def test_a_date_of_no_use_leaves_our_clock(date: str) -> None:
    headers = {"retry-after": "Sat, 05 Apr 2025 10:30:07 GMT", "date": date}
    assert retry_after(headers, NOW) == 5.0


def test_the_wait_that_was_asked_for_is_on_the_error() -> None:
    assert refused(answer({}, 429, retry_after="7")).retry_after == 7.0


MOUNTED = "https://gateway.example/api"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"beyond": True},
        {"beyond": True, "item": True},
        {"beyond": True, "item": True, "known": REPORTING},
        {"known": VERIFYING},
    ],
)
@pytest.mark.parametrize("body", [b'{"error": "Not found"}', b"<h1>Not Found</h1>", b""])
def test_nothing_there_and_a_base_url_with_a_path_name_the_path(
    changes: dict[str, object], body: bytes
) -> None:
    got = Answer("POST", f"{MOUNTED}/api/webhook/webform/", 404, {}, body)
    error = refused(got, **changes)
    assert isinstance(error, errors.NotFound | errors.NotOffered)
    assert error.remedy.startswith("The base URL has a path: give it without one, unless")
    elsewhere = refused(attrs.evolve(got, url=CASES), **changes)
    assert error.remedy.endswith(elsewhere.remedy)


def test_the_path_of_a_base_url_is_no_matter_where_the_gateway_itself_answers() -> None:
    features = {"fulfillment-features": "events"}
    got = Answer("POST", f"{MOUNTED}/api/webhook/webform/", 404, features, b'{"error": "x"}')
    assert refused(got, item=True).remedy == errors.NotFound.default_remedy


def test_known_words_are_the_gateways_own_behind_any_path() -> None:
    words = b'{"message": "No pending verification found"}'
    got = Answer("POST", f"{MOUNTED}/api/webhook/webform/", 404, {}, words)
    error = refused(got, known=VERIFYING)
    assert type(error) is errors.NoPendingVerification
    assert error.remedy == errors.NoPendingVerification.default_remedy


def test_an_address_without_a_path_has_none_to_leave_out() -> None:
    got = Answer("POST", CASES, 404, {}, b'{"error": "Not found"}')
    assert "path" not in refused(got).remedy
    assert "path" not in refused(got, item=True).remedy
