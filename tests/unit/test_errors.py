"""One tree of errors, each with a cause and a remedy."""

from __future__ import annotations

import copy
import pickle
import re
from typing import get_args

import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.casefile import Problem
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.models import AccessToken

REQUEST = errors.SentRequest(
    "POST",
    "https://gateway.example/cases/?src_uid=uid-1",
    {"Accept": "application/json", "Authorization": "Bearer t0ken"},
)
RESPONSE = errors.ServerResponse(418, {"x-request-id": "req-1", "set-cookie": "session=1"})
GRANTED = AccessToken(token="t0ken", organization_id="org-1", expires="2026-04-24T14:25:30Z")

ANSWERS = [
    errors.APIError,
    errors.BadRequest,
    errors.WrongCode,
    errors.CodeExpired,
    errors.Unauthorized,
    errors.TokenExpired,
    errors.Forbidden,
    errors.OrganizationInactive,
    errors.NotApproved,
    errors.NotFound,
    errors.NoPendingVerification,
    errors.Conflict,
    errors.TooLarge,
    errors.UnsupportedMediaType,
    errors.TooManyRequests,
    errors.TooManyAttempts,
    errors.ServerError,
    errors.Unavailable,
    errors.UnexpectedAnswer,
]

EXAMPLES: list[FulfillmentError] = [
    FulfillmentError("Something happened", remedy="Do something."),
    errors.ConfigurationError("No base URL"),
    errors.MissingExtra("sqlalchemy", "receiver"),
    errors.PayloadError("data.case_id", "is missing"),
    errors.InvalidCase([Problem("missing", "plan")]),
    errors.SignatureError("no_match"),
    errors.IllegalTransition("new", "submitted"),
    errors.StoreError("It refuses"),
    errors.StoreUnavailable("The disk is full"),
    errors.TokenNotKept("The disk is full", answer=GRANTED),
    errors.PluginError("It is broken"),
    errors.TransportError("No answer"),
    errors.ConnectionFailed("Refused"),
    errors.OutcomeUnknown("No answer", idempotency_key="key-1", src_uid="uid-1", request=REQUEST),
    errors.MissingField("Missing", status=400, field="plan"),
    errors.InvalidField("Invalid", status=400, field="clients_case[0].age"),
    errors.CaseNotForwarded("Not forwarded", status=200, complaint_id="c-1"),
    errors.NotOffered("Not offered", status=404, feature="subscriptions"),
    *(
        kind("Said the server", status=418, detail="more", request=REQUEST, response=RESPONSE)
        for kind in ANSWERS
    ),
]


def test_every_error_has_an_example_here() -> None:
    # FulfillmentError itself, and two private steps between, are seen through their children.
    named = {kind.__name__ for kind in _subclasses(FulfillmentError)} | {"FulfillmentError"}
    assert {type(error).__name__ for error in EXAMPLES} == {n for n in named if n[0] != "_"}


def test_every_error_is_found_under_the_name_of_the_package() -> None:
    assert {type(error).__module__ for error in EXAMPLES} == {"fulfillment_sdk.errors"}
    assert all(name in dir(errors) for name in errors.__all__)


def test_the_docstring_draws_the_tree_as_it_is() -> None:
    kinds: list[type[FulfillmentError]] = [FulfillmentError, *_subclasses(FulfillmentError)]
    parents = {kind.__name__: _public_parent(kind) for kind in kinds}
    assert _drawn() == {name: parent for name, parent in parents.items() if name[0] != "_"}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_and_copying(error: FulfillmentError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert (str(twin), vars(twin)) == (str(error), vars(error))


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_one_or_two_lines(error: FulfillmentError) -> None:
    assert 1 <= len(str(error).splitlines()) <= 2
    assert str(error).startswith(error.message)


def test_the_remedy_is_the_second_line() -> None:
    assert str(errors.ConfigurationError("No base URL", remedy="Set it.")) == "No base URL\nSet it."
    assert str(errors.ConfigurationError("No base URL")) == "No base URL"


def test_a_kind_of_error_has_a_remedy_of_its_own_which_the_raiser_can_replace() -> None:
    assert "new verification code" in str(errors.CodeExpired("Expired", status=400))
    assert str(errors.CodeExpired("Expired", status=400, remedy="Hurry.")) == "Expired\nHurry."


def test_the_usual_cause_comes_before_the_usual_remedy() -> None:
    error = errors.CodeExpired("Expired", status=400)
    assert str(error) == "Expired\nOTP older than 10 minutes. Request a new verification code."


def test_a_token_that_was_not_kept_is_in_the_error_and_not_in_its_text() -> None:
    error = errors.TokenNotKept("The disk is full", answer=GRANTED)
    assert error.answer.token == "t0ken"
    assert "t0ken" not in f"{error!s}{error!r}"
    assert isinstance(error, errors.StoreError)


def test_an_illegal_transition_says_exactly_what_the_contract_says() -> None:
    error = errors.IllegalTransition("new", "submitted")
    assert str(error) == "Illegal status transition from 'new' to 'submitted'"
    assert (error.previous, error.new) == ("new", "submitted")
    assert error.remedy


def test_a_case_that_does_not_exist_yet_is_a_dash_in_an_illegal_transition() -> None:
    error = errors.IllegalTransition(None, "allocated")
    assert str(error) == "Illegal status transition from '-' to 'allocated'"


def test_a_missing_extra_says_what_to_install() -> None:
    error = errors.MissingExtra("sqlalchemy", "receiver")
    assert 'pip install "fulfillment-sdk[receiver]"' in str(error)
    assert isinstance(error, errors.ConfigurationError)


def test_an_invalid_case_lists_all_its_problems_in_the_contracts_words() -> None:
    error = errors.InvalidCase([Problem("missing", "plan"), Problem("timestamp", "src_ts")])
    assert error.message == "Missing required field: plan; Invalid timestamp: src_ts"
    assert [problem.field for problem in error.problems] == ["plan", "src_ts"]


def test_a_case_with_many_problems_names_the_first_and_counts_the_others() -> None:
    many = [Problem("invalid", f"clients_case[{n}].age") for n in range(12)]
    error = errors.InvalidCase(many)
    assert len(error.problems) == 12
    assert (
        str(error)
        .splitlines()[0]
        .endswith(
            "Invalid value for field: clients_case[4].age; and 7 more, all of them in .problems"
        )
    )
    assert "clients_case[5]" not in str(error)


def test_five_problems_are_all_named() -> None:
    five = [Problem("missing", f"f{n}") for n in range(5)]
    assert errors.InvalidCase(five).message.endswith("Missing required field: f4")


def test_a_long_path_does_not_make_a_long_text() -> None:
    assert len(errors.InvalidCase([Problem("missing", "x" * 5000)]).message) == 120


@pytest.mark.parametrize("reason", get_args(errors.SignatureReason))
def test_every_reason_for_distrust_has_words(reason: errors.SignatureReason) -> None:
    error = errors.SignatureError(reason)
    assert error.reason == reason
    assert "ebhook" in error.message or "can't be read" in error.message or "body" in error.message
    assert error.remedy


def test_a_payload_error_without_a_path_is_about_the_whole() -> None:
    assert str(errors.PayloadError("", "not valid JSON")) == "not valid JSON"
    assert str(errors.PayloadError("data.final", "must be true")) == "data.final: must be true"


def test_an_api_error_carries_request_and_answer_and_shows_no_part_of_their_bodies() -> None:
    error = errors.TooManyRequests(
        "Too many requests",
        status=429,
        detail="per organization",
        body={"narrative": "secret"},
        request=REQUEST,
        response=RESPONSE,
        retry_after=3.0,
    )
    assert (error.status, error.detail, error.request_id) == (429, "per organization", "req-1")
    assert (error.request, error.response) == (REQUEST, RESPONSE)
    assert (error.body, error.retry_after) == ({"narrative": "secret"}, 3.0)
    assert "secret" not in f"{error!s}{error!r}"


def test_a_request_is_kept_without_credentials_and_shown_without_its_query() -> None:
    assert REQUEST.headers == {"Accept": "application/json"}
    assert repr(REQUEST) == "SentRequest(method='POST', url='https://gateway.example/cases/')"


def test_the_head_of_an_answer_is_kept_without_cookies_and_names_of_files() -> None:
    headers = {
        "Set-Cookie": "session=1",
        "Content-Disposition": 'attachment; filename="jane.pdf"',
        "Location": "https://user:secret@gateway.example/",
        "Retry-After": "3",
    }
    response = errors.ServerResponse(503, headers)
    assert response.headers == {"Retry-After": "3"}
    assert repr(response) == "ServerResponse(status=503)"
    assert response.request_id is None


def test_the_servers_name_for_the_request_is_shown_to_be_handed_on() -> None:
    error = errors.ServerError("It failed", status=500, response=RESPONSE, remedy="Repeat.")
    assert str(error) == "It failed (request req-1)\nRepeat."


@pytest.mark.parametrize("odd", ["a\nb", "x" * 65, "<b>", ""])
def test_what_is_no_name_for_a_request_is_not_shown(odd: str) -> None:
    response = errors.ServerResponse(500, {"x-request-id": odd})
    error = errors.ServerError("It failed", status=500, response=response, remedy="Repeat.")
    assert str(error) == "It failed\nRepeat."


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_answer_has_a_remedy(kind: type[errors.APIError]) -> None:
    assert len(str(kind("Said the server", status=418)).splitlines()) == 2


def test_an_error_without_an_answer_has_no_status() -> None:
    error = errors.ConnectionFailed("Refused", request=REQUEST)
    assert (error.request, error.response, error.body) == (REQUEST, None, None)
    assert (error.status, error.request_id) == (None, None)


def test_an_unknown_outcome_carries_the_answer_that_there_was() -> None:
    error = errors.OutcomeUnknown("It failed", response=RESPONSE, body={"error": "Sorry"})
    assert (error.status, error.request_id, error.body) == (418, "req-1", {"error": "Sorry"})


def test_an_unknown_outcome_holds_the_keys_to_look_the_case_up_by() -> None:
    error = errors.OutcomeUnknown("No answer", idempotency_key="key-1", src_uid="uid-1")
    assert (error.idempotency_key, error.src_uid) == ("key-1", "uid-1")
    assert isinstance(error, errors.TransportError)


def test_errors_about_one_thing_name_it() -> None:
    assert errors.MissingField("Missing", status=400, field="plan").field == "plan"
    assert errors.InvalidField("Invalid", status=400, field="plan").field == "plan"
    assert errors.NotOffered("No", status=404, feature="events").feature == "events"
    assert errors.CaseNotForwarded("No", status=200, complaint_id="c-1").complaint_id == "c-1"


def _subclasses(kind: type[FulfillmentError]) -> list[type[FulfillmentError]]:
    # Coverage of what other modules derive is theirs.
    within = errors.__name__
    children = [one for one in kind.__subclasses__() if one.__module__.startswith(within)]
    return children + [grandchild for child in children for grandchild in _subclasses(child)]


def _public_parent(kind: type) -> str:
    parents = [one for one in kind.__mro__[1:] if not one.__name__.startswith("_")]
    return "" if kind is FulfillmentError else parents[0].__name__


def _drawn() -> dict[str, str]:
    """Child -> parent, read off the drawing: four columns a level."""
    levels: list[str] = []
    parents: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ((?:[│ ]   )*)(?:[├└]── )?([A-Z]\w+)(?: |$)", line)
        if found is None:
            continue
        depth = len(found[1]) // 4 + ("─" in line)
        levels[depth:] = [found[2]]
        parents[found[2]] = levels[depth - 1] if depth else ""
    return parents


def test_an_unknown_outcome_says_where_its_src_uid_is() -> None:
    assert "(.src_uid)" in str(errors.OutcomeUnknown("Nobody knows", src_uid="webform-1"))
