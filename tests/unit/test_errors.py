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

ANSWERS = [
    errors.APIError,
    errors.BadRequest,
    errors.WrongCode,
    errors.CodeExpired,
    errors.Unauthorized,
    errors.Forbidden,
    errors.NotFound,
    errors.NoPendingVerification,
    errors.Conflict,
    errors.TooLarge,
    errors.UnsupportedMediaType,
    errors.TooManyRequests,
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
    errors.PluginError("It is broken"),
    errors.TransportError("No answer"),
    errors.ConnectionFailed("Refused"),
    errors.OutcomeUnknown("No answer", idempotency_key="key-1", src_uid="uid-1"),
    errors.MissingField("Missing", status=400, field="plan"),
    errors.InvalidField("Invalid", status=400, field="clients_case[0].age"),
    errors.CaseNotForwarded("Not forwarded", status=200, complaint_id="c-1"),
    errors.NotOffered("Not offered", status=404, feature="subscriptions"),
    *(kind("Said the server", status=418, detail="more", retry_after=2.5) for kind in ANSWERS),
]


def test_every_error_has_an_example_here() -> None:
    # FulfillmentError itself, and two private steps between, are seen through their children.
    named = {kind.__name__ for kind in _subclasses(FulfillmentError)} | {"FulfillmentError"}
    assert {type(error).__name__ for error in EXAMPLES} == {n for n in named if n[0] != "_"}


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


@pytest.mark.parametrize("reason", get_args(errors.SignatureReason))
def test_every_reason_for_distrust_has_words(reason: errors.SignatureReason) -> None:
    error = errors.SignatureError(reason)
    assert error.reason == reason
    assert "ebhook" in error.message or "can't be read" in error.message or "body" in error.message


def test_a_payload_error_without_a_path_is_about_the_whole() -> None:
    assert str(errors.PayloadError("", "not valid JSON")) == "not valid JSON"
    assert str(errors.PayloadError("data.final", "must be true")) == "data.final: must be true"


def test_an_api_error_carries_the_answer_and_shows_no_part_of_its_body() -> None:
    error = errors.TooManyRequests(
        "Too many requests",
        status=429,
        detail="per organization",
        body={"narrative": "secret"},
        request_id="req-1",
        method="POST",
        url="https://gateway.example/",
        retry_after=3.0,
    )
    assert (error.status, error.detail, error.request_id) == (429, "per organization", "req-1")
    assert (error.method, error.url) == ("POST", "https://gateway.example/")
    assert (error.body, error.retry_after) == ({"narrative": "secret"}, 3.0)
    assert "secret" not in f"{error!s}{error!r}"


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
    children = [one for one in kind.__subclasses__() if one.__module__ == errors.__name__]
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
