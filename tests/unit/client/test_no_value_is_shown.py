"""Whatever goes wrong with a whole case, no error and no log record tells anything of it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
from collections.abc import Callable, Iterator
from typing import Final

import attrs
import jwt
import pytest
import requests
import responses

from fulfillment_sdk import errors, load_case, wire
from fulfillment_sdk.client import Client
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.models import NewCase, Person
from tests.journeys._telltale import Telltales
from tests.unit.client.support import AUTH, CASES, IDEMPOTENT, Time, make_client
from tests.unit.told import shown_by, shown_by_records, whole_case

KEY: Final = "key-1"
SHAPES: Final = ("message", "error", "detail", "errors", "each", "html", "words")
STATUSES: Final = (200, 201, 302, 400, 401, 403, 404, 409, 410, 413, 415, 418, 422, 429, 500, 503)


@attrs.define
class World:
    """A client, the case that it sends, and the server that it sends it to."""

    client: Client
    case: NewCase
    told: Telltales
    server: responses.RequestsMock

    def create(self) -> object:
        return self.client.cases.create(self.case, idempotency_key=KEY)

    def verify(self) -> object:
        return self.client.auth.verify_otp(
            email=self.told.keep("email", "zqx.jane@vkj.example"),
            otp=self.told.keep("code", "927364"),
            organization_name=self.told.word("organization"),
        )

    def answers(
        self, status: int, words: str = "", *, url: str = CASES, how: str = "message", **more: str
    ) -> None:
        """Have the server answer, once, with all that it was sent."""

        def echo(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
            headers = {name.replace("_", "-"): value for name, value in more.items()}
            return status, headers, _echo(json.loads(request.body or "{}"), words, how)

        self.server.add_callback(responses.POST, url, callback=echo)

    def refused(self, status: int, words: str = "", **more: str) -> object:
        self.answers(status, words, **more)
        return self.create()

    def refused_code(self, status: int, words: str) -> object:
        self.answers(status, words, url=f"{AUTH}verify-otp/")
        return self.verify()


def _echo(sent: object, words: str, how: str) -> str:
    told = list(_leaves(sent))
    everything = " ".join(told)
    if how == "html":
        return f"<html>{everything}</html>"
    if how == "words":
        return f"{words} {everything}"
    if how == "errors":
        return json.dumps({"errors": {"reporter": {"fname": told, "age": [everything]}}})
    if how == "each":
        return json.dumps({"message": f"{words}; ".join(told)})
    return json.dumps({how: f"{words} {everything[:250]}", "data": sent})


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value


def _unreachable(world: World) -> object:
    world.server.post(CASES, body=requests.ConnectTimeout(str(world.case.narrative)))
    return world.create()


def _lost(world: World) -> object:
    world.server.post(CASES, body=requests.ConnectionError(str(world.case.narrative)))
    return world.create()


def _invalid(world: World) -> object:
    world.case = attrs.evolve(world.case, plan=" ", src_ts=world.told.word("time"))
    return world.create()


def _unwritable(world: World) -> object:
    world.case = attrs.evolve(world.case, narrative=f"{world.case.narrative} \ud800")
    return world.create()


def _bad_key(world: World) -> object:
    return world.client.cases.create(world.case, idempotency_key=world.told.word("key") + " ")


def _expired(world: World) -> object:
    token = world.told.keep("token", jwt.encode({"exp": 1_700_000_000}, "k" * 32))
    return world.client.with_options(token=token).cases.create(world.case)


def _not_forwarded(world: World) -> object:
    body = {"status": "success", "complaint_id": "c-1", "response_from_helpline": {}}
    world.server.post(CASES, json=body)
    return world.create()


def _not_offered(world: World) -> object:
    world.answers(404, how="html")
    return world.create()


def _not_found(world: World) -> object:
    path = f"{CASES}cases/c-1/cancel/"
    world.server.post(path, status=404, json={"message": "No such case"})
    return world.client.cases.cancel("c-1")


PROVOKED: Final[dict[type[FulfillmentError], Callable[[World], object]]] = {
    errors.ConfigurationError: _bad_key,
    errors.PayloadError: _unwritable,
    errors.InvalidCase: _invalid,
    errors.ConnectionFailed: _unreachable,
    errors.OutcomeUnknown: _lost,
    errors.APIError: lambda world: world.refused(418),
    errors.BadRequest: lambda world: world.refused(400),
    errors.MissingField: lambda world: world.refused(400, "Missing required field: plan"),
    errors.InvalidField: lambda world: world.refused(400, how="errors"),
    errors.WrongCode: lambda world: world.refused_code(400, "Invalid verification code"),
    errors.CodeExpired: lambda world: world.refused_code(400, "Verification has expired"),
    errors.Unauthorized: lambda world: world.refused(401),
    errors.TokenExpired: _expired,
    errors.Forbidden: lambda world: world.refused(403),
    errors.OrganizationInactive: lambda world: world.refused(
        403, "Organization access has been revoked", how="detail"
    ),
    errors.NotApproved: lambda world: world.refused_code(403, "Organization is awaiting approval"),
    errors.NotFound: _not_found,
    errors.NoPendingVerification: lambda world: world.refused_code(404, "No pending verification"),
    errors.Conflict: lambda world: world.refused(409, "Idempotency key reused"),
    errors.TooLarge: lambda world: world.refused(413),
    errors.UnsupportedMediaType: lambda world: world.refused(415),
    errors.TooManyRequests: lambda world: world.refused(429, Retry_After="120"),
    errors.TooManyAttempts: lambda world: world.refused_code(429, "Too many attempts"),
    errors.ServerError: lambda world: world.refused(501),
    errors.Unavailable: lambda world: world.refused(503, **IDEMPOTENT),
    errors.UnexpectedAnswer: lambda world: world.refused(200),
    errors.CaseNotForwarded: _not_forwarded,
    errors.NotOffered: _not_offered,
}


@pytest.fixture
def world() -> Iterator[World]:
    told = Telltales()
    with (
        responses.RequestsMock(assert_all_requests_are_fired=False) as server,
        make_client(Time(), token=told.word("bearer")) as client,
    ):
        yield World(client, whole_case(told), told, server)


def raised_by(act: Callable[[], object]) -> FulfillmentError:
    with pytest.raises(FulfillmentError) as raised:
        act()
    return raised.value


def test_every_error_of_a_call_is_provoked_here() -> None:
    named = {getattr(errors, name) for name in errors.__all__}
    kinds = {one for one in named if isinstance(one, type) and issubclass(one, FulfillmentError)}
    of_others = {
        errors.MissingExtra,
        errors.SignatureError,
        errors.IllegalTransition,
        errors.PluginError,
        *(one for one in kinds if issubclass(one, errors.StoreError)),
    }
    # The trunk and `TransportError` are only ever raised as one of their branches.
    assert set(PROVOKED) == kinds - of_others - {FulfillmentError, errors.TransportError}


@pytest.mark.parametrize("kind", PROVOKED, ids=lambda kind: kind.__name__)
def test_no_error_and_no_log_record_tells_a_value(
    world: World, caplog: pytest.LogCaptureFixture, kind: type[FulfillmentError]
) -> None:
    caplog.set_level(logging.DEBUG)
    error = raised_by(lambda: PROVOKED[kind](world))
    assert type(error) is kind
    assert world.told.found_in(shown_by(error)) == []
    assert world.told.found_in(shown_by_records(caplog.records)) == []
    assert 1 <= len(str(error).splitlines()) <= 2
    assert len(str(error)) < 700


@pytest.mark.parametrize("kind", PROVOKED, ids=lambda kind: kind.__name__)
def test_an_error_that_was_raised_can_be_pickled_and_copied(
    world: World, kind: type[FulfillmentError]
) -> None:
    error = raised_by(lambda: PROVOKED[kind](world))
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert (str(twin), vars(twin)) == (str(error), vars(error))
        assert world.told.found_in(shown_by(twin)) == []


@pytest.mark.parametrize("how", SHAPES)
@pytest.mark.parametrize("status", STATUSES)
def test_no_echo_gets_through_whatever_its_status_and_shape(
    world: World, caplog: pytest.LogCaptureFixture, status: int, how: str
) -> None:
    caplog.set_level(logging.DEBUG)
    world.answers(status, "No good:", how=how, **IDEMPOTENT)
    error = raised_by(world.create)
    assert world.told.found_in(shown_by(error)) == []
    assert world.told.found_in(shown_by_records(caplog.records)) == []


def test_an_errors_request_holds_no_credential_and_no_body(world: World) -> None:
    error = raised_by(lambda: world.refused(409))
    assert isinstance(error, errors.APIError)
    assert error.request is not None
    assert error.request.headers["Idempotency-Key"] == KEY
    assert "authorization" not in {name.lower() for name in error.request.headers}
    assert world.told.found_in(repr(tuple(error.request))) == []


def test_what_could_not_be_sent_says_to_whom(world: World) -> None:
    error = raised_by(lambda: _unreachable(world))
    assert isinstance(error, errors.ConnectionFailed)
    assert error.request is not None
    assert (error.request.method, error.request.url) == ("POST", CASES)
    assert (error.status, error.response, error.body, error.request_id) == (None,) * 4


def test_an_unknown_outcome_carries_the_answer_of_a_server_that_failed(world: World) -> None:
    error = raised_by(lambda: world.refused(500, X_Request_Id="req-1"))
    assert isinstance(error, errors.OutcomeUnknown)
    assert (error.status, error.request_id) == (500, "req-1")
    assert (error.idempotency_key, error.src_uid) == (KEY, world.case.src_uid)
    assert isinstance(error.__cause__, errors.ServerError)
    assert world.told.found_in(shown_by(error)) == []


def test_what_a_token_could_not_be_sent_with_has_no_request(world: World) -> None:
    error = raised_by(lambda: _expired(world))
    assert isinstance(error, errors.TokenExpired)
    assert (error.request, error.response, error.request_id) == (None, None, None)
    assert len(world.server.calls) == 0


def test_a_text_that_cannot_be_read_is_not_shown(world: World) -> None:
    text = wire.dumps(world.case)
    for cut in range(0, len(text), 97):
        error = raised_by(lambda end=cut: load_case(text[:end]))  # type: ignore[misc]
        assert isinstance(error, errors.PayloadError)
        assert world.told.found_in(shown_by(error)) == []


def test_a_value_of_a_wrong_type_is_not_shown(world: World) -> None:
    plain = wire.dumps(world.case).decode()
    for found in re.finditer(r'"narrative":("Zqx\w+")|"fname":("Zqx\w+")', plain):
        value = found[1] or found[2]
        broken = f"{plain[: found.end() - len(value)]}[{value}]{plain[found.end() :]}"
        error = raised_by(lambda text=broken: load_case(text))  # type: ignore[misc]
        assert isinstance(error, errors.PayloadError)
        assert world.told.found_in(shown_by(error)) == []


def test_a_likely_slip_is_logged_without_what_it_is(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    phone = world.told.keep("phone", "+254 712 345 678")
    reporter = attrs.evolve(world.case.reporter or Person(), dob="1046120400000", phone=phone)
    world.case = attrs.evolve(world.case, reporter=reporter, narrative=f"He rings from {phone}.")
    raised_by(lambda: world.refused(418))
    assert "narrative: seems to hold a phone number" in caplog.text
    assert world.told.found_in(shown_by_records(caplog.records)) == []


def test_the_words_are_found_where_they_are(world: World) -> None:
    # Else all of the above would be true of an empty case too.
    assert len(world.told) > 150
    assert (
        len(world.told.found_in(wire.dumps(world.case).decode())) == len(world.told) - 1
    )  # the token
    assert world.told.found_in(shown_by(ValueError(world.case.narrative))) == ["narrative"]
