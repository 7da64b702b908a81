"""Models and JSON: strict about scalars, tolerant about the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk import strictjson, wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models import (
    CaseCompleted,
    CreatedCase,
    Event,
    Location,
    NewCase,
    Perpetrator,
    Person,
    Priority,
    StatusChanged,
    StoredAttachment,
    Verification,
)
from fulfillment_sdk.strictjson import FloatText
from tests import samples


@pytest.mark.parametrize("name", samples.CASES)
def test_an_example_case_comes_back_as_it_was(name: str) -> None:
    case = wire.load(NewCase, samples.read(name))
    written = {key: value for key, value in samples.read(name).items() if value != []}
    assert wire.to_json(case) == written
    assert json.loads(wire.dumps(case)) == written


@pytest.mark.parametrize("name", ["status-changed", "case-completed"])
def test_a_notification_comes_back_as_it_was(name: str) -> None:
    event = wire.load_event(samples.body(name))
    assert json.loads(wire.dump_event(event)) == json.loads(samples.body(name))


def test_a_notification_is_written_in_the_contracts_order() -> None:
    written = wire.dump_event(wire.load_event(samples.body("status-changed")))
    compact = strictjson.dumps(strictjson.parse(samples.body("status-changed")))
    assert written == compact


def test_the_documented_answer_is_read() -> None:
    case = wire.load(CreatedCase, samples.read("created"))
    assert case == CreatedCase(
        id="case_987654",
        status="open",
        created_at="2025-04-05T10:30:02Z",
        assigned_to="agent_001",
        reference_number="HL-CMS-000123",
    )
    assert case.raw == samples.read("created")


def test_a_key_that_is_no_python_name_is_written_as_the_document_has_it() -> None:
    case = NewCase(reporter=Person(record_id="1"), perpetrators_case=[Perpetrator(record_id="2")])
    assert wire.to_json(case) == {
        "reporter": {".id": "1"},
        "perpetrators_case": [{".id": "2"}],
    }


def test_a_request_leaves_out_what_is_not_given_and_keeps_what_is_empty() -> None:
    case = NewCase(gbv_related=False, src_address="", services=[], priority=Priority.LOW)
    assert wire.to_json(case) == {"src_address": "", "gbv_related": False, "priority": "3"}
    assert type(wire.to_json(case)["priority"]) is str


def test_unknown_keys_of_a_request_are_kept_and_written_back_at_every_level() -> None:
    data = {
        "reporter": {"fname": "x", "nickname": "y"},
        "verification": {"floor": 3, "location": {"district": None}},
        "zz": [1, {"a": FloatText("1.50")}],
    }
    case = wire.load(NewCase, data)
    assert case.extra == {"zz": [1, {"a": "1.50"}]}
    assert case.reporter is not None
    assert case.reporter.extra == {"nickname": "y"}
    assert wire.to_json(case) == data
    assert b'"a":1.50' in wire.dumps(case)


def test_an_extra_key_never_replaces_a_known_one() -> None:
    case = NewCase(plan="known", extra={"plan": "extra", "zz": "kept"})
    assert wire.to_json(case) == {"plan": "known", "zz": "kept"}


def test_unknown_keys_of_an_answer_are_kept_in_raw() -> None:
    data = samples.read("created") | {"weather": "fine"}
    case = wire.load(CreatedCase, data)
    assert case.raw["weather"] == "fine"
    assert "weather" not in wire.to_json(case)


def test_an_answer_keeps_its_nulls() -> None:
    written = wire.to_json(CreatedCase(id="1", reference_number="r"))
    assert written["assigned_to"] is None
    assert list(written) == ["id", "reference_number", "status", "created_at", "assigned_to"]


@pytest.mark.parametrize(("value", "read"), [(5, "5"), (10**30, "1" + "0" * 30), (0, "0")])
def test_an_integer_where_a_text_is_declared_is_taken_as_its_digits(value: int, read: str) -> None:
    case = wire.load(NewCase, {"case_category_id": value, "reporter": {".id": value}})
    assert case.case_category_id == read
    assert case.reporter == Person(record_id=read)
    answer = wire.load(CreatedCase, {"id": value, "reference_number": value})
    assert (answer.id, answer.reference_number) == (read, read)


@pytest.mark.parametrize("value", [True, False, 1.9, FloatText("1.9"), [], {}, ["x"]])
@pytest.mark.parametrize(
    ("cls", "key"), [(NewCase, "narrative"), (CreatedCase, "id"), (Person, ".id")]
)
def test_nothing_else_becomes_a_text(cls: type[NewCase], key: str, value: object) -> None:
    with pytest.raises(PayloadError, match="must be a string") as caught:
        wire.load(cls, {"id": "1", "reference_number": "r", key: value})
    assert caught.value.path == key


@pytest.mark.parametrize("value", ["false", "true", 0, 1, "1", 1.0, []])
def test_nothing_becomes_a_boolean(value: object) -> None:
    with pytest.raises(PayloadError, match="gbv_related: must be true or false"):
        wire.load(NewCase, {"gbv_related": value})


@pytest.mark.parametrize("value", ["1", 1.9, 1.0, True, FloatText("1.0"), []])
def test_nothing_becomes_a_whole_number(value: object) -> None:
    with pytest.raises(PayloadError, match="size: must be a whole number"):
        wire.load(StoredAttachment, {"attachment_id": "a", "size": value})


def test_a_null_is_absent_and_never_the_word_none() -> None:
    case = wire.load(NewCase, {"narrative": None, "clients_case": None, "reporter": None})
    assert case == NewCase()


@pytest.mark.parametrize("key", ["clients_case", "services", "reporter", "verification"])
def test_an_empty_text_for_a_list_or_an_object_is_absent(key: str) -> None:
    assert wire.load(NewCase, {key: ""}) == NewCase()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("1741960667.824", "1741960667.824"),
        (1741960667, "1741960667"),
        (FloatText("1741960667.820"), "1741960667.820"),
        (1741960667.5, "1741960667.5"),
    ],
)
def test_only_a_source_timestamp_may_have_a_fraction(value: object, read: str) -> None:
    assert wire.load(NewCase, {"src_ts": value}).src_ts == read


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"clients_case": [{"age": True}]}, "clients_case[0].age: must be a string"),
        ({"clients_case": [{}, {".id": []}]}, "clients_case[1]..id: must be a string"),
        ({"clients_case": [{}, 5]}, "clients_case[1]: must be an object"),
        ({"clients_case": {"0": {}}}, "clients_case: must be a list"),
        ({"clients_case": "people"}, "clients_case: must be a list"),
        ({"reporter": []}, "reporter: must be an object"),
        ({"reporter": {".id": 1.5}}, "reporter..id: must be a string"),
        ({"src_ts": True}, "src_ts: must be a string"),
        (
            {"verification": {"location": {"lat": 1.5}}},
            "verification.location.lat: must be a string",
        ),
        ([], "must be an object"),
        (None, "must be an object"),
        ("narrative", "must be an object"),
    ],
)
def test_an_error_names_the_path_as_the_wire_does(data: object, message: str) -> None:
    with pytest.raises(PayloadError) as caught:
        wire.load(NewCase, data)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": None}, "id: is missing"),
        ({"type": 5, "id": {}}, "id: must be a string"),
        ({"data": None}, "data.case_id: is missing"),
        ({"data": []}, "data.case_id: is missing"),
        ({"data": {"case_id": "c"}}, "data.new_status: is missing"),
        ({"data": {"case_id": "c", "new_status": 1.5}}, "data.new_status: must be a string"),
        (
            {"data": {"case_id": "c", "new_status": "x", "sequence": "5"}},
            "data.sequence: must be a whole number",
        ),
        (
            {"data": {"case_id": "c", "new_status": "x", "final": "no"}},
            "data.final: must be true or false",
        ),
    ],
)
def test_a_notification_that_is_not_what_its_type_says_is_an_error(
    changes: dict[str, object], message: str
) -> None:
    data = samples.read("status-changed") | changes
    data["type"] = "case.status_changed"
    with pytest.raises(PayloadError) as caught:
        wire.load_event(strictjson.dumps(data))
    assert caught.value.message == message


def test_the_contents_of_a_completion_are_checked_too() -> None:
    payload: dict[str, Any] = samples.read("case-completed")
    payload["data"]["form_submissions"][1]["files"][0]["size"] = "big"
    with pytest.raises(PayloadError) as caught:
        wire.load_event(strictjson.dumps(payload))
    assert caught.value.path == "data.form_submissions[1].files[0].size"
    payload["data"]["form_submissions"] = [{"id": "1", "data": []}]
    with pytest.raises(PayloadError, match=r"data.form_submissions\[0\].data: must be an object"):
        wire.load_event(strictjson.dumps(payload))


def test_an_error_holds_no_value_not_even_behind_it() -> None:
    with pytest.raises(PayloadError) as caught:
        wire.load(NewCase, {"narrative": ["secret"], "clients_case": [{"age": {"s": "secret"}}]})
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert "secret" not in f"{error!s}{error!r}"


def test_a_sparse_notification_is_read() -> None:
    body = b'{"id":"e","type":"case.status_changed","data":{"case_id":7,"new_status":"accepted"}}'
    event = wire.load_event(body)
    assert isinstance(event, StatusChanged)
    assert event.case_id == "7"
    assert event.new_status == CaseStatus("accepted")
    assert not event.new_status.known
    assert (event.previous_status, event.sequence, event.message) == (None, None, "")


def test_a_creation_has_a_null_for_its_previous_status() -> None:
    event = StatusChanged(id="evt_1", case_id="c", new_status=CaseStatus.NEW, sequence=1)
    data = json.loads(wire.dump_event(event))["data"]
    assert data["previous_status"] is None
    assert data["new_status"] == "new"


def test_a_completion_says_null_where_there_is_no_report_and_no_outcome() -> None:
    event = CaseCompleted(id="evt_1", case_id="c", new_status=CaseStatus.QC_PASSED)
    data = json.loads(wire.dump_event(event))["data"]
    for key in ("report_url", "report_expires_at", "outcome", "qc_review", "case"):
        assert data[key] is None
    assert data["form_submissions"] == data["qc_reviews"] == []


def test_an_event_of_an_unknown_type_is_read_as_far_as_it_goes() -> None:
    event = wire.load_event(
        b'{"id": "e", "type": "case.archived", "data": {"case_id": "c", "sequence": 7}, "x": 1.5}'
    )
    assert type(event) is Event
    assert (event.type, event.case_id, event.sequence) == ("case.archived", "c", 7)
    assert event.raw["x"] == 1.5


@pytest.mark.parametrize("data", [5, [], {"sequence": "seven"}, {"case_id": {}}, {"final": 1}])
def test_nothing_in_an_unknown_event_makes_it_unreadable(data: object) -> None:
    payload = {"id": "e", "type": "invoice.paid", "data": data}
    event = wire.load_event(strictjson.dumps(payload))
    assert (event.id, event.type, event.raw) == ("e", "invoice.paid", payload)


@pytest.mark.parametrize("body", ["[]", "{}", '{"id": "e"}', '{"type": "x"}', "", '{"id": 1.5}'])
def test_without_an_id_and_a_type_there_is_no_event(body: str) -> None:
    with pytest.raises(PayloadError):
        wire.load_event(body)


def test_numbers_in_an_event_are_plain_floats() -> None:
    event = wire.load_event(samples.body("case-completed"))
    assert isinstance(event, CaseCompleted)
    distance = event.form_submissions[0].data["distance_km"]
    assert type(distance) is float


def test_a_case_as_deep_as_a_case_may_be_fits_into_a_completion() -> None:
    payload: dict[str, Any] = samples.read("case-completed")
    deep = strictjson.parse('{"a":' * 31 + "{}" + "}" * 31)
    payload["data"]["case"]["request"] = deep
    event = wire.load_event(strictjson.dumps(payload))
    assert isinstance(event, CaseCompleted)
    assert event.case is not None
    assert event.case.request == deep


def test_times_are_at_hand_where_models_are_written() -> None:
    assert wire.format_time(0) == "1970-01-01T00:00:00.000000Z"
    assert wire.format_seconds(0) == "1970-01-01T00:00:00Z"
    assert wire.parse_time("1970-01-01T00:00:00Z").timestamp() == 0


TEXT = st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
PERSONS = st.builds(Person, fname=TEXT, age=TEXT, record_id=TEXT, email=TEXT)
CASES = st.builds(
    NewCase,
    reporter=st.none() | PERSONS,
    clients_case=st.lists(PERSONS, max_size=3),
    perpetrators_case=st.lists(st.builds(Perpetrator, fname=TEXT, notes=TEXT), max_size=2),
    verification=st.none()
    | st.builds(Verification, tat_hours=TEXT, location=st.none() | st.builds(Location, lat=TEXT)),
    gbv_related=st.none() | st.booleans(),
    narrative=TEXT,
    src_ts=TEXT,
    extra=st.dictionaries(st.text("xyz", min_size=1, max_size=3), st.integers() | TEXT),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(CASES)
def test_every_case_survives_the_wire(case: NewCase) -> None:
    assert wire.load(NewCase, strictjson.parse(wire.dumps(case))) == case


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "type", "data", "case_id", "new_status", "case", "files", "x"]
                ),
                inner | st.sampled_from(["case.completed", "case.status_changed"]),
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_comes_in_the_end_is_an_event_or_a_payload_error(payload: object) -> None:
    outcome: Event | PayloadError
    try:
        outcome = wire.load_event(strictjson.dumps(payload))
    except PayloadError as error:
        outcome = error
    assert isinstance(outcome, Event | PayloadError)
