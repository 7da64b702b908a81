"""What is read from a body, however little it discloses and however odd it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from fulfillment_sdk.plugins.bundled.facts import Facts, read_facts
from fulfillment_sdk.plugins.disclosure.disclosing import reduced
from tests.unit.plugins.bundled.deliveries import about_a_case, delivery


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'{"a":1,"a":2}', b"\xff\xfe{}"])
def test_what_is_no_json_object_has_no_facts(body: bytes) -> None:
    assert read_facts(delivery(body)) is None


@pytest.mark.parametrize("body", [b"{}", b'{"data":null}', b'{"data":[{"sequence":1}]}'])
def test_a_body_without_data_has_the_facts_of_its_delivery(body: bytes) -> None:
    assert read_facts(delivery(body)) == Facts(event_id="evt_1", type="case.status_changed")


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("sequence", True),
        ("sequence", -1),
        ("sequence", 2**63),
        ("sequence", 1.5),
        ("sequence", "5"),
        ("final", "true"),
        ("final", 1),
        ("reason", ""),
        ("reason", " \n"),
        ("reason", {"text": "x"}),
        ("reason", "x" * 256),
        ("timestamp", "yesterday"),
        ("timestamp", 1743955200),
        ("completed_at", "2025-13-01T00:00:00Z"),
    ],
)
def test_a_value_of_another_kind_is_not_known(fact: str, value: Any) -> None:
    assert read_facts(about_a_case(**{fact: value})) == read_facts(about_a_case())


def test_a_category_beside_the_other_facts_counts_first() -> None:
    known = read_facts(
        about_a_case(case_category_id="1", case={"request": {"case_category_id": "2"}})
    )

    assert known is not None
    assert known.category == "1"


def test_a_code_may_be_written_as_a_number() -> None:
    known = read_facts(about_a_case(case_category_id=7, case={"request": {"priority": 1}}))

    assert known is not None
    assert (known.category, known.priority) == ("7", "1")


def test_an_id_may_be_written_as_a_number_and_is_disclosed_like_any_other() -> None:
    sent = about_a_case(case_id=987, reference_number=12, organization_id=5, transition_id=7)

    known = read_facts(reduced(sent, "routing"))

    assert known is not None
    assert (known.case_id, known.reference_number) == ("987", "12")
    assert (known.organization_id, known.transition_id) == ("5", "7")


def test_a_body_may_be_nested_as_deep_as_a_receiver_takes_it() -> None:
    deep: object = "x"
    for _ in range(50):
        deep = [deep]

    assert read_facts(about_a_case(form=deep)) == read_facts(about_a_case())


def test_a_case_is_the_same_with_blanks_around_its_id() -> None:
    known = read_facts(about_a_case(case_id=" case_1\t "))

    assert known is not None
    assert known.case_id == "case_1"


def test_a_text_that_no_database_takes_is_made_one_that_it_does() -> None:
    known = read_facts(about_a_case(reason="a\0b"))

    assert known is not None
    assert known.reason == "a\ufffdb"


def test_all_facts_are_read_and_times_are_in_utc() -> None:
    data: dict[str, Any] = {
        "reference_number": "HL-CMS-000123",
        "organization_id": "550e8400",
        "previous_status": "submitted",
        "new_status": "qc_passed",
        "sequence": 6,
        "transition_id": "trn_1",
        "actor": "qc",
        "reason": "approved",
        "final": False,
        "outcome": "positive",
    }
    times: dict[str, Any] = {
        "timestamp": "2025-04-06T18:00:00+02:00",
        "completed_at": "2025-04-06T16:00:00",
    }
    case = {
        "assigned_to": "queue",
        "request": {"case_category_id": "362484", "priority": "1", "narrative": "a story"},
    }
    at = datetime(2025, 4, 6, 16, tzinfo=UTC)

    known = read_facts(about_a_case(type="case.completed", **data, **times, case=case))

    assert known is not None
    assert attrs.asdict(known) == {
        **data,
        "event_id": "evt_1",
        "type": "case.completed",
        "case_id": "case_1",
        "category": "362484",
        "priority": "1",
        "assigned_to": "queue",
        "occurred_at": at,
        "completed_at": at,
        "anomaly": None,
    }
