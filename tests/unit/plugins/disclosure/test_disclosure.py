"""How much of an event each level lets through, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import CaseCompleted, StatusChanged
from fulfillment_sdk.plugins.disclosure.disclosure import (
    FIELDS,
    Disclosure,
    Fields,
    disclose,
    facts,
)
from tests import samples
from tests.unit.plugins.bodies import status_changed, unknown_type
from tests.unit.plugins.leaves import hidden

LESS: tuple[Disclosure, ...] = ("routing", "operational")
COMPLETED = samples.body("case-completed")

STEP = {
    "previous_status": "submitted",
    "new_status": "qc_passed",
    "timestamp": "2025-04-06T16:00:00.000000Z",
    "sequence": 6,
    "transition_id": "trn_5",
    "actor": "qc",
    "reason": "approved",
}
ROUTING = {
    "id": "evt_6",
    "type": "case.completed",
    "version": "1",
    "timestamp": "2025-04-06T16:00:00.000000Z",
    "data": {
        "case_id": "case_987654",
        "reference_number": "HL-CMS-000123",
        "organization_id": "550e8400-e29b-41d4-a716-446655440000",
        **STEP,
        "final": False,
        "completed_at": "2025-04-06T16:00:00.000000Z",
    },
}


def disclosed(payload: object, level: Disclosure) -> Any:
    return json.loads(disclose(json.dumps(payload).encode(), level))


def with_data(**data: object) -> dict[str, object]:
    event: dict[str, Any] = json.loads(status_changed())
    event["data"].update(data)
    return event


def data_of(level: Disclosure, **data: object) -> dict[str, object]:
    found: dict[str, object] = disclosed(with_data(**data), level)["data"]
    return found


def test_routing_facts_are_which_case_which_step_and_when_and_nothing_else() -> None:
    assert json.loads(disclose(COMPLETED, "routing")) == ROUTING


def test_operational_facts_are_what_one_needs_to_work_on_it_and_nothing_else() -> None:
    whole = json.loads(COMPLETED)["data"]
    data = json.loads(disclose(COMPLETED, "operational"))["data"]

    assert data.pop("message") == whole["message"]
    assert data.pop("outcome") == "positive"
    assert data.pop("report_url") == whole["report_url"]
    assert data.pop("report_expires_at") == whole["report_expires_at"]
    case = data.pop("case")
    assert case.pop("timeline") == whole["case"]["timeline"]
    assert case == {
        "id": "case_987654",
        "reference_number": "HL-CMS-000123",
        "created_at": "2025-04-05T10:00:00Z",
        "assigned_to": "agent_001",
        "request": {"case_category_id": "362485", "priority": "1"},
    }
    first, second = data.pop("form_submissions")
    assert first == {
        "id": "sub_1",
        "form_name": "site_visit",
        "form_version": "3",
        "status": "superseded",
        "submitted_at": "2025-04-06T11:00:00.000000Z",
        "files": [],
    }
    assert second["files"] == [{"id": "file_1", "content_type": "image/jpeg"}]
    reviews = [data.pop("qc_review"), *data.pop("qc_reviews")]
    assert [review["id"] for review in reviews] == ["rev_2", "rev_1", "rev_2"]
    for review in reviews:
        assert set(review) == {"id", "submission_id", "result", "reason_code", "reviewed_at"}
    assert data == ROUTING["data"]


def test_full_is_the_very_bytes() -> None:
    assert disclose(COMPLETED, "full") is COMPLETED
    assert disclose(b"no event", "full") == b"no event"


@pytest.mark.parametrize("level", LESS)
def test_nothing_that_a_person_said_or_that_names_one_is_disclosed(level: Disclosure) -> None:
    shown = disclose(COMPLETED, level).decode()

    for value in (
        "Jane", "Smith", "0712345678", "example.com", "35", "122", "258783", "Sarah", "Robert",
        "abuse", "Shelter", "Neighbour", "door", "1.5", "photo", "9f86d081", "48213",
    ):  # fmt: skip
        assert value not in shown
        assert len(value) < 3 or any(value in one for one in hidden(COMPLETED, level))


@pytest.mark.parametrize("level", LESS)
def test_what_is_disclosed_is_an_event_to_read_like_any_other(level: Disclosure) -> None:
    completed = wire.load_event(disclose(COMPLETED, level))
    changed = wire.load_event(disclose(status_changed(), level))

    assert isinstance(completed, CaseCompleted)
    assert (completed.case_id, completed.sequence) == ("case_987654", 6)
    assert isinstance(changed, StatusChanged)
    assert (changed.new_status, changed.transition_id) == ("submitted", "trn_1")


def test_the_category_of_a_status_change_is_operational() -> None:
    assert "case_category_id" not in data_of("routing", case_category_id="362485")
    assert data_of("operational", case_category_id="362485")["case_category_id"] == "362485"
    assert data_of("operational", case_category_id=362485)["case_category_id"] == 362485


@pytest.mark.parametrize("level", LESS)
def test_an_unknown_type_goes_by_the_same_table(level: Disclosure) -> None:
    event = json.loads(unknown_type())
    event["data"]["note"] = event["note"] = "Jane called"

    assert disclosed(event, level) == json.loads(unknown_type())


@pytest.mark.parametrize("level", LESS)
@pytest.mark.parametrize("key", ["narrative", "comment", "worker", "Case_id", "case_id ", "raw"])
def test_an_unknown_key_is_never_disclosed(level: Disclosure, key: str) -> None:
    assert data_of(level, **{key: "hush"}) == data_of(level)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reason", "She moved to her sister's house"),
        ("reason", {"words": "hush"}),
        ("reason", ["hush"]),
        ("reason", "line\nbreak"),
        ("reason", ""),
        ("actor", {"name": "Jane Smith"}),
        ("actor", "jane@example.org"),
        ("new_status", "Jane is safe"),
        ("new_status", True),
        ("case_id", "Jane Smith"),
        ("case_id", "x" * 300),
        ("case_id", "case_1\n"),
        ("reference_number", "HL\r\nBcc: x@example.org"),
        ("timestamp", "yesterday, when it was dark"),
        ("timestamp", "2025-04-06T16:00:00Z Jane"),
        ("sequence", "6"),
        ("sequence", 6.5),
        ("sequence", True),
        ("sequence", 10**400),
        ("final", "no"),
        ("message", "Jane Smith's case is submitted"),
        ("message", "Case status changed from 'x' to 'y' <b>"),
        ("outcome", "She is well"),
        ("assigned_to", "Jane"),  # in a case alone
        ("case_category_id", "physical abuse by her brother"),
        ("case", "Jane's"),
        ("case", ["Jane"]),
        ("case", {"assigned_to": "Jane Smith"}),
        ("case", {"request": {"priority": "as soon as you can", "narrative": "hush"}}),
        ("form_submissions", {"id": "Jane"}),
        ("form_submissions", ["Jane"]),
        ("form_submissions", [{"form_name": "What she said, in her own words, and what he did"}]),
        ("qc_review", {"result": "pass it on to Jane", "comments": "hush"}),
        ("report_url", "https://user:pass@gateway.example/report/"),
        ("report_url", "https://gateway.example/report/?token=hush"),
        ("report_url", "https://gateway.example/report/#hush"),
        ("report_url", "javascript:alert(1)"),
        ("report_url", "https://gateway.example/a report"),
        ("report_url", "https://[oops"),
    ],
)
def test_a_known_field_that_does_not_look_like_one_stays_behind(key: str, value: object) -> None:
    shown = disclose(json.dumps(with_data(**{key: value})).encode(), "operational").decode()

    for part in ("Jane", "jane", "hush", "Bcc", "she", "She", "her", "pass", "javascript", "b>"):
        assert part not in shown
    found = json.loads(shown)["data"].get(key)
    assert found in (None, [], [{}], {}, {"request": {}})


def test_a_null_stays_one() -> None:
    assert data_of("routing", previous_status=None, reason=None)["previous_status"] is None
    assert data_of("operational", outcome=None)["outcome"] is None


@pytest.mark.parametrize("level", LESS)
@pytest.mark.parametrize("body", [b"", b"[]", b"Jane", b'{"a":1,"a":2}', b"\xff", b"[" * 10_000])
def test_what_is_no_object_is_an_error_that_tells_nothing_of_it(
    level: Disclosure, body: bytes
) -> None:
    with pytest.raises(PayloadError) as caught:
        disclose(body, level)

    assert "Jane" not in str(caught.value)


def paths(fields: Fields, *before: str) -> Iterator[tuple[str, ...]]:
    for key, wanted in fields.items():
        inner = wanted[0] if isinstance(wanted, list) else wanted
        if isinstance(inner, Mapping):
            yield from paths(inner, *before, key)
        else:
            yield (*before, key)


def test_operational_has_all_that_routing_has() -> None:
    assert set(paths(FIELDS["routing"])) < set(paths(FIELDS["operational"]))


def test_no_field_that_a_model_calls_sensitive_is_in_a_table() -> None:
    sensitive = {"comments", "instructions", "data", "request", "file_name", "narrative", "plan"}
    data: Any = FIELDS["operational"]["data"]
    leaves = {path[-1] for path in paths(data)}
    assert not leaves & sensitive


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just("what Jane said"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted({key for path in paths(FIELDS["operational"]) for key in path}))
            | st.just("what Jane did"),
            inner,
            max_size=6,
        )
    ),
    max_leaves=40,
)


def without_nulls(known: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in known.items() if value is not None}


@given(payload=st.dictionaries(st.sampled_from(["id", "type", "data"]), JSON))
def test_a_sentence_gets_through_nowhere(payload: dict[str, object]) -> None:
    body = json.dumps(payload).encode()
    for level in LESS:
        assert b"Jane" not in disclose(body, level)
    less = disclose(body, "operational")
    assert disclose(less, "operational") == less
    assert facts(body) == json.loads(less, object_hook=without_nulls)
