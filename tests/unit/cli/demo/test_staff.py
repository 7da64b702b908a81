"""The demo's people: what they send, and what they make of an answer that is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import responses

from fulfillment_sdk.cli.demo.staff import Staff, code_from_mailbox
from fulfillment_sdk.errors import FulfillmentError

ADDRESS = "http://127.0.0.1:8000"
MAILBOX = f"{ADDRESS}/dev/mailbox/"
WORKERS = f"{ADDRESS}/portal/api/workers/"


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def test_the_newest_mail_holds_the_code(server: responses.RequestsMock) -> None:
    mails = [{"text": "Your code is 123456.\n"}, {"text": "Your code is 999999."}]
    server.get(MAILBOX, json=mails)
    assert code_from_mailbox(requests.Session(), ADDRESS, "a@b.example") == "123456"


@pytest.mark.parametrize("mails", [[], [{"text": "You may not register."}], {"no": "list"}])
def test_a_mailbox_without_a_code_is_an_error(
    server: responses.RequestsMock, mails: object
) -> None:
    server.get(MAILBOX, json=mails)
    with pytest.raises(FulfillmentError, match="no mail with a code"):
        code_from_mailbox(requests.Session(), ADDRESS, "a@b.example")


def test_no_answer_is_an_error_of_ours(server: responses.RequestsMock) -> None:
    server.get(MAILBOX, body=requests.ConnectionError("refused"))
    server.post(WORKERS, body=requests.ConnectionError("refused"))
    session = requests.Session()
    with pytest.raises(FulfillmentError, match="did not answer"):
        code_from_mailbox(session, ADDRESS, "a@b.example")
    with pytest.raises(FulfillmentError, match="did not answer to POST workers/"):
        Staff(session, ADDRESS, "token").hire("A worker")


def test_the_portal_is_asked_with_the_staff_token(server: responses.RequestsMock) -> None:
    matcher = responses.matchers.header_matcher({"Authorization": "Bearer token"})
    server.post(WORKERS, status=201, json={}, match=[matcher])
    Staff(requests.Session(), ADDRESS, "token").hire("A worker")
    assert len(server.calls) == 1


def test_a_refusal_of_the_portal_is_an_error_that_says_which(
    server: responses.RequestsMock,
) -> None:
    server.post(f"{ADDRESS}/portal/api/cases/case_1/transitions/", status=409, json={})
    with pytest.raises(FulfillmentError, match="409 to POST cases/case_1/transitions/"):
        Staff(requests.Session(), ADDRESS, "token").start("case_1")
