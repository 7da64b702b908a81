"""What the document's table "Authentication Errors" says is what the errors say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import responses

from fulfillment_sdk import Client, errors
from tests.unit.client.support import AUTH, CASES, make_client, new_case

TABLE = Path(__file__).parents[3] / "samples" / "authentication-errors.md"
ANSWERED: dict[str, tuple[int, type[errors.APIError]]] = {
    "Invalid verification code": (400, errors.WrongCode),
    "Verification has expired": (400, errors.CodeExpired),
    "Invalid or expired token": (401, errors.Unauthorized),
    "Organization access has been revoked": (403, errors.OrganizationInactive),
}

VERIFIED = {"email": "a@b.example", "otp": "123456", "organization_name": "Ours"}
CALLS: dict[int, tuple[str, Callable[[Client], object]]] = {
    400: (f"{AUTH}verify-otp/", lambda client: client.auth.verify_otp(**VERIFIED)),
    401: (CASES, lambda client: client.cases.create(new_case())),
    403: (CASES, lambda client: client.cases.create(new_case())),
}


def documented() -> list[tuple[str, str, str]]:
    rows = [line.strip("| ").split(" | ") for line in TABLE.read_text().splitlines()[2:]]
    return [(error.strip('"'), cause, solution) for error, cause, solution in rows]


def test_every_documented_refusal_is_known() -> None:
    assert [row[0] for row in documented()] == list(ANSWERED)


@pytest.mark.parametrize(("message", "cause", "solution"), documented())
def test_a_refusal_has_the_documented_cause_and_solution(
    mocked: responses.RequestsMock, message: str, cause: str, solution: str
) -> None:
    status, kind = ANSWERED[message]
    address, call = CALLS[status]
    mocked.post(address, json={"message": message}, status=status)
    with pytest.raises(kind) as raised:
        call(make_client())
    assert type(raised.value) is kind
    assert raised.value.cause == cause
    assert raised.value.remedy.startswith(solution)
    assert str(raised.value) == f"{message}\n{cause}. {raised.value.remedy}"


def test_without_a_token_that_is_the_cause(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, json={"message": "Invalid or expired token"}, status=401)
    with pytest.raises(errors.Unauthorized) as raised:
        make_client(token=None).cases.create(new_case())
    assert raised.value.cause == ""
    assert str(raised.value).splitlines()[1].startswith("The client has no token")
