"""The case as the documents describe it, field by field."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError, PayloadError
from fulfillment_sdk.models import (
    AttachmentRef,
    CreatedCase,
    Location,
    NewCase,
    Perpetrator,
    Person,
    Priority,
    RecordState,
    Service,
    StoredAttachment,
    Verification,
)
from fulfillment_sdk.models._fields import Model, specs
from fulfillment_sdk.wire import to_json
from tests import samples

DOCUMENTED: dict[type[Model], str] = {
    NewCase: "src src_uid src_address src_uid2 src_usr src_vector src_callid src_ts reporter "
    "clients_case perpetrators_case attachments_case services knowabout116_id gbv_related "
    "case_category_id narrative plan justice_id assessment_id priority status escalated_to_id "
    "verification",
    Person: "fname age_t age dob age_group_id location_id sex_id landmark nationality_id "
    "national_id_type_id national_id lang_id tribe_id phone phone2 email .id",
    Perpetrator: "fname age_t age dob age_group_id age_group location_id sex_id sex landmark "
    "nationality_id national_id_type_id national_id lang_id tribe_id phone phone2 email "
    "relationship_id shareshome_id health_id employment_id marital_id guardian_fullname notes .id",
    Verification: "client_case_id contract_type candidate_name phone_primary phone_secondary "
    "company_name location starts_at due_at tat_hours instructions",
    Location: "address_line city state pincode country lat lng",
    AttachmentRef: "attachment_id",
    Service: "category_id",
    CreatedCase: "id reference_number status created_at assigned_to",
    StoredAttachment: "attachment_id file_name sha256 size content_type",
}

STORY = NewCase(
    reporter=Person(fname="Jane Smith", phone="0712345678", record_id="86164", age_t="0"),
    clients_case=[Person(fname="Sarah Johnson", national_id="A123")],
    perpetrators_case=[Perpetrator(fname="Robert Johnson", notes="drinks", sex="^Male")],
    verification=Verification(
        candidate_name="Asha Rao",
        phone_primary="0799",
        location=Location(address_line="4 Hill Road", lat="12.97", city="Kisumu"),
        instructions="Ring twice",
    ),
    gbv_related=True,
    case_category_id="362485",
    narrative="physical abuse",
    plan="shelter",
    priority=Priority.HIGH,
    status=RecordState.OPEN,
    src_ts="1741960667.824",
    src_address="12 Lake Street",
    extra={"hidden_note": "diary"},
)


@pytest.mark.parametrize("cls", DOCUMENTED)
def test_a_model_has_every_documented_field_and_no_other(cls: type[Model]) -> None:
    assert [spec.path for spec in specs(cls)] == DOCUMENTED[cls].split()


def test_the_full_example_names_no_field_that_the_models_lack() -> None:
    full = samples.read("case-full")
    clients, perpetrators = full["clients_case"], full["perpetrators_case"]
    assert isinstance(clients, list)
    assert isinstance(perpetrators, list)
    assert set(full) == set(DOCUMENTED[NewCase].split()) - {"verification"}
    assert set(clients[0]) == set(DOCUMENTED[Person].split())
    assert set(perpetrators[0]) == set(DOCUMENTED[Perpetrator].split())


@pytest.mark.parametrize(
    "value",
    [
        *("Jane Smith", "0712345678", "86164", "Sarah Johnson", "A123", "Robert Johnson"),
        *("drinks", "^Male", "Asha Rao", "0799", "4 Hill Road", "12.97", "Kisumu", "Ring twice"),
        *("physical abuse", "shelter", "12 Lake Street", "diary"),
    ],
)
def test_a_repr_hides_what_identifies_or_hurts_a_person(value: str) -> None:
    assert value not in repr(STORY)


def test_a_repr_says_what_is_there_without_saying_it() -> None:
    assert repr(STORY.reporter) == "Person(fname=***, age_t='0', phone=***, record_id=***)"
    assert repr(Person()) == "Person()"
    assert "case_category_id='362485'" in repr(STORY)
    assert "narrative=***" in repr(STORY)


def test_a_model_is_frozen_and_has_no_room_for_misspelt_fields() -> None:
    person = Person(fname="x")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        person.fname = "y"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Person(name="x")  # type: ignore[call-arg]
    assert not hasattr(person, "__dict__")


def test_lists_become_tuples() -> None:
    people = [Person(fname="a")]
    case = NewCase(clients_case=people)
    people.clear()
    assert case.clients_case == (Person(fname="a"),)


@pytest.mark.parametrize(
    "name", ["clients_case", "perpetrators_case", "attachments_case", "services"]
)
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "None"),
        (Person(fname="Jane Smith"), "of the type Person"),
        ({"fname": "Jane Smith"}, "of the type dict"),
        ("Jane Smith", "of the type str"),
        (5, "of the type int"),
    ],
)
def test_what_is_no_list_is_told_with_its_field(name: str, value: Any, kind: str) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(ConfigurationError) as raised:
        NewCase(**given)
    assert raised.value.message == f"{name} is no list, but {kind}"
    assert f"{name}=[…]" in raised.value.remedy


def test_lists_may_come_one_by_one_and_empty() -> None:
    assert NewCase(clients_case=(Person(fname=name) for name in "ab")).clients_case == (
        Person(fname="a"),
        Person(fname="b"),
    )
    assert NewCase(clients_case=[], services=()) == NewCase()


@pytest.mark.parametrize("model", [NewCase, Person, Perpetrator, Service, Verification, Location])
@pytest.mark.parametrize("value", [None, [("a", "b")], "a"])
def test_what_is_no_mapping_is_told_as_no_extra(model: Any, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="extra is no mapping, but") as raised:
        model(extra=value)
    assert "extra={…}" in raised.value.remedy


def test_a_number_that_cannot_be_written_keeps_a_repr_from_nothing() -> None:
    endless: Any = 10**5000
    assert repr(NewCase(status=endless, narrative=endless)) == "NewCase(narrative=***, status=int)"


def test_a_model_survives_pickling_copying_and_counts_as_equal() -> None:
    for twin in (pickle.loads(pickle.dumps(STORY)), copy.deepcopy(STORY), attrs.evolve(STORY)):
        assert twin == STORY
        assert hash(twin) == hash(STORY)


def test_the_values_of_priority_and_state_have_names() -> None:
    assert [Priority.HIGH, Priority.MEDIUM, Priority.LOW] == ["1", "2", "3"]
    assert [RecordState.OPEN, RecordState.CLOSED] == ["1", "2"]


def test_a_created_case_knows_when_it_was_created() -> None:
    case = CreatedCase(id="1", reference_number="r", created_at="2025-04-05T10:30:02Z")
    assert case.created is not None
    assert case.created.isoformat() == "2025-04-05T10:30:02+00:00"
    assert CreatedCase(id="1", reference_number="r").created is None
    with pytest.raises(PayloadError):
        _ = CreatedCase(id="1", reference_number="r", created_at="yesterday").created


def test_a_case_takes_an_attachment_as_its_upload_returned_it() -> None:
    stored = StoredAttachment(attachment_id="att_1", file_name="gate.txt", size=17)
    kept = AttachmentRef(attachment_id="att_2")
    case = NewCase(attachments_case=[stored, kept])
    assert case.attachments_case == (AttachmentRef(attachment_id="att_1"), kept)
    assert to_json(case) == {
        "attachments_case": [{"attachment_id": "att_1"}, {"attachment_id": "att_2"}]
    }
    assert attrs.evolve(case, narrative="x").attachments_case == case.attachments_case
    assert "gate" not in repr(case)
