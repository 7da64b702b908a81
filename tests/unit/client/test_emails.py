"""Who may act for the organization."""

from __future__ import annotations

import pytest
import requests
import responses
from responses import matchers

from fulfillment_sdk import errors
from tests.unit.client.support import CASES, IDEMPOTENT, Time, make_client, sent_json

URL = f"{CASES}emails/"
OWNER = {
    "id": "eml_1",
    "email": "owner@partner.example",
    "role": "owner",
    "added_at": "2025-04-05T10:30:02.000000Z",
}


def test_addresses_are_listed_and_not_shown(mocked: responses.RequestsMock) -> None:
    mocked.get(
        URL,
        json={"items": [OWNER], "next": None},
        match=[matchers.query_param_matcher({"limit": "200"})],
    )
    (email,) = make_client().emails.list()
    assert (email.id, email.email, email.role) == ("eml_1", "owner@partner.example", "owner")
    assert "@" not in repr(email)


def test_an_address_is_added_however_often_it_is_sent(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(URL, body=requests.ReadTimeout())
    mocked.post(URL, status=201, json=OWNER | {"id": "eml_2", "role": "member"})
    assert make_client(time).emails.add("colleague@example.org").role == "member"
    assert list(sent_json(mocked)) == [{"email": "colleague@example.org"}] * 2


def test_an_address_is_removed(mocked: responses.RequestsMock) -> None:
    mocked.delete(f"{URL}eml_2/", status=204)
    make_client().emails.remove("eml_2")
    assert [call.request.method for call in mocked.calls] == ["DELETE"]


def test_only_the_owner_decides(mocked: responses.RequestsMock) -> None:
    mocked.get(
        URL,
        status=403,
        json={
            "message": "Organization not authorized",
            "detail": "Only a token of the first address may",
        },
        headers=IDEMPOTENT,
    )
    with pytest.raises(errors.Forbidden) as raised:
        list(make_client().emails.list())
    assert "first address" in raised.value.remedy


def test_an_address_is_not_shown_in_an_error(mocked: responses.RequestsMock) -> None:
    mocked.post(URL, status=400, json={"message": "no address: colleague@example.org"})
    with pytest.raises(errors.BadRequest) as raised:
        make_client().emails.add("colleague@example.org")
    assert "@" not in str(raised.value)
