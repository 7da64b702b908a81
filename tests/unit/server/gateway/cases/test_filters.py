"""What a list of cases is narrowed down by: contract, section 5."""

from __future__ import annotations

import pytest
from starlette.datastructures import QueryParams

from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.cases.filters import FILTERS, read


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("src_uid=", "src_uid"),
        ("src_uid=%20%09", "src_uid"),
        ("src_uid=a&src_uid=b", "src_uid"),
        ("status=", "status"),
        ("status=open", "status"),
        ("status=new&status=new", "status"),
        ("status=NEW", "status"),
        ("reference_number=", "reference_number"),
        ("reference_number=HL%25", "reference_number"),
        ("reference_number=%00", "reference_number"),
    ],
)
def test_a_filter_that_says_nothing_is_refused_and_not_left_out(query: str, field: str) -> None:
    with pytest.raises(Refused) as raised:
        read(QueryParams(query))
    assert raised.value.answer.status_code == 400
    assert raised.value.answer.body == f'{{"error":"Invalid value for field: {field}"}}'.encode()


def test_a_request_without_filters_has_none() -> None:
    assert read(QueryParams("limit=3&after=7&unknown=x")) == {}


def test_filters_are_read_as_they_are_given() -> None:
    query = QueryParams("status=qc_passed&reference_number=HL-CMS-000123&src_uid=%20mine%2F7%20")
    assert read(query) == {
        "status": "qc_passed",
        "reference_number": "HL-CMS-000123",
        "src_uid": "mine/7",
    }
    assert set(read(query)) == set(FILTERS)
