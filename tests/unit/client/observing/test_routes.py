from __future__ import annotations

import re

import pytest

from fulfillment_sdk.client.observing.routes import route, shown
from fulfillment_sdk.server.openapi import document

WEBFORM = "/api/webhook/webform/"


def test_every_address_of_the_api_has_its_own_route() -> None:
    paths = [
        path for path in document("https://gateway.example")["paths"] if path.startswith(WEBFORM)
    ]
    assert len(paths) > 10
    for path in paths:
        assert route(re.sub(r"{\w+}", "x1", path)) == re.sub(r"{\w+}", "{id}", path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("auth/verify-otp/", "auth/verify-otp/"),
        ("cases/", "cases/"),
        ("cases/case_987654/", "cases/{id}/"),
        ("cases/case_987654/files/f-1/", "cases/{id}/files/{id}/"),
        ("cases/?src_uid=intake-417&limit=50", "cases/"),
        ("deliveries/41/replay/", "deliveries/{id}/replay/"),
        ("emails/Jane%20Smith/", "emails/{id}/"),
        ("subscriptions/sub_1/rotate-secret/", "subscriptions/{id}/rotate-secret/"),
    ],
)
def test_a_route_has_no_identifiers(path: str, expected: str) -> None:
    assert route(WEBFORM + path) == WEBFORM + expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/cases/", "/cases/"),
        ("/cases/?src_uid=Jane%20Smith", "/cases/?src_uid=REDACTED"),
        ("/events/?after=a%3Db&wait=25", "/events/?after=REDACTED&wait=REDACTED"),
        ("/events/?after=a=b", "/events/?after=REDACTED"),
        ("/events/?after", "/events/?after=REDACTED"),
        ("/events/?", "/events/?"),
    ],
)
def test_a_query_is_shown_without_its_values(path: str, expected: str) -> None:
    assert shown(path) == expected
