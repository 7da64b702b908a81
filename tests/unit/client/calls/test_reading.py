from __future__ import annotations

import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.client.calls.reading import read_model
from fulfillment_sdk.models import CaseDetails, Subscription
from tests.unit.client.support import answer


def test_what_has_the_wrong_type_counts_as_absent_and_raw_has_it() -> None:
    item = {"id": "sub_1", "events": "case.completed", "enabled": "yes", "url": "https://a"}
    read = read_model(Subscription, item, answer(item), what="subscription")
    assert (read.events, read.enabled, read.url) == ((), True, "https://a")
    assert read.raw == item


def test_a_fault_far_inside_costs_no_more_than_its_part() -> None:
    item = {"id": "case_1", "status": "new", "timeline": [{"status": ["new"]}], "outcome": "x"}
    read = read_model(CaseDetails, item, answer(item), what="case")
    assert (read.status, read.timeline, read.outcome) == ("new", (), "x")


@pytest.mark.parametrize("item", [None, [], "sub_1", 7])
def test_what_is_no_object_is_an_error(item: object) -> None:
    with pytest.raises(errors.UnexpectedAnswer, match="The answer holds no subscription"):
        read_model(Subscription, item, answer(item), what="subscription")


@pytest.mark.parametrize("identity", [None, ["sub_1"], True])
def test_a_thing_without_its_identity_is_an_error_that_shows_nothing(identity: object) -> None:
    item = {"id": identity, "secret": "whsec_AAAA"}
    with pytest.raises(errors.UnexpectedAnswer, match="id is missing") as raised:
        read_model(Subscription, item, answer(item), what="subscription")
    assert "whsec" not in f"{raised.value}{raised.value!r}"
