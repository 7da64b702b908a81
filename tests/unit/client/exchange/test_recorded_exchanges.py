"""Every recorded answer of the deployed gateway, as the client takes it (contract, section 6).

Each is given to the operation that would have asked for it; where the client has none for such a
request, to a bare call of the same address.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
import responses

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client
from fulfillment_sdk.client.calls.answers import json_object
from fulfillment_sdk.client.calls.call import WEBFORM, Call, Repeat
from fulfillment_sdk.client.calls.creation import create
from fulfillment_sdk.client.calls.dialect import write
from fulfillment_sdk.models import AccessToken, CodeSent, CreatedCase
from tests.unit.client.support import BASE, SAMPLES, make_client, new_case

NAMES = sorted(path.stem for path in SAMPLES.glob("*.json"))


@attrs.frozen
class Refused:
    """An error: its class, its first line, and what else it says."""

    kind: type[errors.FulfillmentError]
    message: str
    more: Mapping[str, object] = {}


@attrs.frozen
class Created:
    """A case, with the gateway's own number for it."""

    case_id: str


@attrs.frozen
class Sent:
    """A code that is good until then."""

    expiry: datetime


@attrs.frozen
class Issued:
    """A token that is good until then."""

    organization_id: str
    expiry: datetime


@attrs.frozen
class Read:
    """A body that no operation asks for: some of its keys, and what they hold."""

    some: Mapping[str, object]


Expected = Refused | Created | Sent | Issued | Read


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def field(kind: type[errors.APIError], name: str, named: str = "") -> Refused:
    """One of several fields that a 400 names."""
    return Refused(kind, f"Invalid complaint data: {named or name}", {"field": name})


def lacking(feature: str, status: int = 404) -> Refused:
    message = f"This server does not offer: {feature}"
    return Refused(errors.NotOffered, message, {"feature": feature, "status": status})


def not_allowed() -> Refused:
    message = "The server answered 405 without a reason to show"
    return Refused(errors.APIError, message, {"status": 405})


BROKEN = Refused(errors.ServerError, "An unexpected error occurred", {"status": 500})
NO_MAIL = Refused(errors.ServerError, "Failed to send verification email", {"status": 500})
ADDRESS_AND_NAME = Refused(errors.BadRequest, "Email and organization name are required")
ALL_THREE = Refused(errors.BadRequest, "Email, OTP, and organization name are required")
NOTHING_PENDING = Refused(
    errors.NoPendingVerification, "No pending verification found for this email"
)
WRONG = Refused(errors.WrongCode, "Invalid verification code")
NO_BEARER = Refused(
    errors.Unauthorized, "Authentication required. Please provide a valid bearer token."
)
BAD_TOKEN = Refused(errors.Unauthorized, "Invalid or expired token.")

EXPECTED: Mapping[str, Expected] = {
    "auth-request-bad-json": BROKEN,
    "auth-request-blank-email": ADDRESS_AND_NAME,
    "auth-request-get": not_allowed(),
    "auth-request-json-array": BROKEN,
    "auth-request-mail-down": NO_MAIL,
    "auth-request-mailbox-refused": NO_MAIL,
    "auth-request-missing-email": ADDRESS_AND_NAME,
    "auth-request-missing-organization": ADDRESS_AND_NAME,
    "auth-request-not-an-address": Sent(at("2026-11-21T20:08:28.808975")),
    "auth-request-ok": Sent(at("2026-11-21T20:08:28.788489")),
    "auth-verify-bad-json": BROKEN,
    "auth-verify-expired": Refused(
        errors.CodeExpired, "Verification has expired, please request a new code"
    ),
    "auth-verify-get": not_allowed(),
    "auth-verify-missing-organization": ALL_THREE,
    "auth-verify-missing-otp": ALL_THREE,
    "auth-verify-none-pending": NOTHING_PENDING,
    "auth-verify-ok": Issued(
        "83f24955-4e94-4559-bb4a-a582ff045383", at("2027-11-21T19:58:29.029347")
    ),
    "auth-verify-used-again": NOTHING_PENDING,
    "auth-verify-wrong": WRONG,
    "auth-verify-wrong-many": WRONG,
    "case-attachment-reference": Created("31664"),
    "case-basic-auth": NO_BEARER,
    "case-blank-narrative": field(errors.MissingField, "narrative"),
    "case-body-form": Created("31682"),
    "case-body-json-null": Refused(
        errors.OutcomeUnknown,
        f"{BASE} may or may not have carried it out (case creation): "
        "status 500, The server answered 500 without a reason to show",
        {"idempotency_key": "k1"},
    ),
    "case-clients-null": field(errors.MissingField, "clients_case"),
    "case-data-wrapper": Created("31669"),
    "case-delete-no-token": NO_BEARER,
    # The boolean alone is refused: these three are sent once more, as that gateway reads them.
    "case-example-minimal-fields": Created("31685"),
    "case-example-physical-abuse": Created("31664"),
    "case-example-psychosocial": Created("31666"),
    "case-field-too-long": field(errors.InvalidField, "reporter_nickname"),
    "case-full-gbv-as-string-no-blanks": Created("31668"),
    "case-gbv-as-number": Created("31670"),
    "case-gbv-as-string-minimal-valid-payload": Created("31667"),
    "case-gbv-as-string-physical-abuse": Created("31664"),
    "case-gbv-as-string-psychosocial": Created("31666"),
    "case-narrative-spaces": field(errors.MissingField, "narrative"),
    "case-no-token": NO_BEARER,
    "case-nul-character": field(errors.InvalidField, "narrative"),
    "case-null-fields": field(errors.MissingField, "plan", "plan, priority"),
    "case-numbers-for-strings": Created("31662"),
    "case-object-for-string": field(errors.InvalidField, "narrative", "narrative, priority"),
    "case-organization-deactivated": Refused(
        errors.OrganizationInactive, "Organization access has been revoked."
    ),
    "case-put": not_allowed(),
    "case-reporters-uuid": Created("31675"),
    "case-token-alg-none": BAD_TOKEN,
    "case-token-expired": BAD_TOKEN,
    "case-token-malformed": BAD_TOKEN,
    "case-token-wrong-signature": BAD_TOKEN,
    "case-two-clients": Created("31665"),
    "case-unicode": Created("31679"),
    "case-unknown-conversation": field(errors.InvalidField, "conversation"),
    "case-unknown-path": lacking("subscriptions"),
    "case-unknown-path-get": lacking("cases"),
    "case-unknown-path-no-token": lacking("subscriptions", 401),
    "case-upstream-fail500": Refused(
        errors.CaseNotForwarded,
        "The gateway stored complaint 8ff4452a-a4dc-445d-90d0-fa7b22b73321, "
        "but no case was created behind it",
        {"complaint_id": "8ff4452a-a4dc-445d-90d0-fa7b22b73321", "status": 200},
    ),
    "case-upstream-ok-emptycases": Refused(
        errors.CaseNotForwarded,
        "The gateway stored complaint 3538af8c-4cd2-4ffd-967c-055422e06992, "
        "but no case was created behind it",
        {"complaint_id": "3538af8c-4cd2-4ffd-967c-055422e06992", "status": 200},
    ),
    "case-upstream-slow": Created("31685"),
    "events-path": lacking("events"),
    "status-closed": Read({"case_id": "2", "case_status": "Closed"}),
    "status-no-case": Refused(errors.NotFound, "No case found with reference lwf405"),
    "status-no-slash": Refused(
        errors.UnexpectedAnswer, "The server answered 301: redirects are never followed"
    ),
    "status-not-a-number": Refused(
        errors.BadRequest, "Invalid case reference. Unable to extract case ID"
    ),
    "status-not-configured": Refused(errors.ServerError, "Case tracking service is not configured"),
    "status-not-found": Refused(errors.NotFound, "Case with reference lwf404 was not found"),
    "status-open": Read({"case_id": "31661", "case_status": "Ongoing"}),
    "status-post": not_allowed(),
    "status-short-row": Read({"case_id": "4", "case_status": "Unknown"}),
    "status-upstream-fail500": Refused(
        errors.ServerError, "Unable to retrieve case information at this time"
    ),
    "token-legacy": lacking("legacy token"),
}

# What the gateway answered to the same body with its boolean as words; by their own numbers.
WRITTEN_OTHERWISE = {
    "case-example-physical-abuse": "case-gbv-as-string-physical-abuse",
    "case-example-psychosocial": "case-gbv-as-string-psychosocial",
}


def recorded(name: str) -> dict[str, Any]:
    exchange: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_bytes())
    return exchange


def asked(client: Client, request: Mapping[str, Any]) -> Callable[[], object]:
    """What a partner calls to send such a request, with the same content where it has a say."""
    body = request.get("json", request.get("body"))
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    path = request["path"].partition("?")[0]

    def run(call: Call[object]) -> Callable[[], object]:
        return lambda: client._transport.run(call)

    match request["method"], path.removeprefix(WEBFORM):
        case "POST", "":
            document = fields or {"narrative": "I was asulted", "gbv_related": "0"}
            return run(create(document, "k1"))
        case "POST", "auth/request-verification/" if fields:
            given = {name: fields.get(name, "") for name in ("email", "organization_name")}
            return lambda: client.auth.request_verification(**given)
        case "POST", "auth/verify-otp/" if fields:
            given = {name: fields.get(name, "") for name in ("email", "otp", "organization_name")}
            return lambda: client.auth.verify_otp(**given)
        case "POST", "auth/token/":
            return lambda: client.auth.legacy_token(**fields)
        case "POST", "subscriptions/":
            return lambda: client.subscriptions.create(**fields)
        case "GET", "cases/lwf31661/":
            return lambda: client.cases.get("lwf31661")
        case "GET", "events/":
            return lambda: client.events.page()
    written = None if body is None else json.dumps(body).encode()
    return run(
        Call(
            request["method"],
            path,
            json_object,
            feature="what was recorded",
            item=True,
            body=written,
            repeat=Repeat.ONCE,
        )
    )


def answered(mocked: responses.RequestsMock, name: str, *, to: str | None = None) -> None:
    """Have a recorded answer given once, to another recording's request if so named."""
    request, response = recorded(to or name)["request"], recorded(name)["response"]
    body = json.dumps(response["json"]) if "json" in response else response["body"]
    headers = dict(response["headers"])
    mocked.add(
        request["method"],
        BASE + request["path"].partition("?")[0],
        body=body,
        status=response["status"],
        content_type=headers.pop("Content-Type"),
        headers={key: value for key, value in headers.items() if key != "Content-Length"},
    )


def values(parsed: object) -> Iterator[str]:
    """Whatever was sent that could be told from words."""
    if isinstance(parsed, Mapping):
        for inner in parsed.values():
            yield from values(inner)
    elif isinstance(parsed, list):
        for inner in parsed:
            yield from values(inner)
    elif isinstance(parsed, str | int) and len(str(parsed)) > 4:
        yield str(parsed)


def check(got: object, expected: Expected) -> None:
    match expected:
        case Created(case_id):
            assert isinstance(got, CreatedCase)
            assert (got.id, got.reference_number) == (case_id, f"lwf{case_id}")
            assert got.id_source == "helpline_response.case_id"
            assert (got.status, got.created_at, got.assigned_to) == (None, None, None)
            assert got.raw["status"] == "success"
        case Sent(expiry):
            assert isinstance(got, CodeSent)
            assert (got.status, got.expiry) == ("success", expiry)
        case Issued(organization_id, expiry):
            assert isinstance(got, AccessToken)
            assert (got.organization_id, got.expiry) == (organization_id, expiry)
        case Read(some):
            assert isinstance(got, dict)
            assert got.items() >= some.items()
        case Refused(kind, message, more):
            assert isinstance(got, errors.FulfillmentError)
            assert type(got) is kind
            assert got.message == message
            assert {name: getattr(got, name) for name in more} == more


def test_every_recording_has_an_expectation_and_every_expectation_a_recording() -> None:
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_answer_is_taken_for_what_it_is(
    mocked: responses.RequestsMock, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    request, expected = recorded(name)["request"], EXPECTED[name]
    answered(mocked, name)
    if name.startswith("case-example-"):
        answered(mocked, WRITTEN_OTHERWISE.get(name, "case-upstream-slow"), to=name)
    got: object
    with make_client(token="t0ken" if "Authorization" in request["headers"] else None) as client:
        try:
            got = asked(client, request)()
        except errors.FulfillmentError as error:
            got = error
    check(got, expected)
    shown = f"{got}\n{got!r}\n{caplog.text}" if not isinstance(got, dict) else caplog.text
    assert [value for value in values(request.get("json")) if value in shown] == []


@pytest.mark.parametrize(("example", "taken"), WRITTEN_OTHERWISE.items())
def test_the_documents_examples_are_written_as_the_gateway_was_recorded_to_take_them(
    example: str, taken: str
) -> None:
    assert write(recorded(example)["request"]["json"]) == recorded(taken)["request"]["json"]


@pytest.mark.parametrize("name", [name for name in NAMES if type(EXPECTED[name]) is Created])
def test_no_text_of_what_was_taken_is_written_otherwise(name: str) -> None:
    body = recorded(name)["request"].get("json")
    sent = body if isinstance(body, dict) else {}
    texts = {key: value for key, value in sent.items() if isinstance(value, str)}
    assert write(sent).items() >= texts.items()


def test_a_case_that_was_not_forwarded_is_not_sent_again(mocked: responses.RequestsMock) -> None:
    answered(mocked, "case-upstream-fail500")
    with make_client() as client, pytest.raises(errors.CaseNotForwarded, match="Do not send it"):
        client.cases.create(new_case())
    assert len(mocked.calls) == 1
