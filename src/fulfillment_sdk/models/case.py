"""A case as the partner creates it, and what comes back.

The fields are those of the Case Creation API document and of the contract, section 2. Every scalar
is a string on the wire except the boolean ``gbv_related``; None means "not given". The constructors
check next to nothing: `fulfillment_sdk.validate` says what the contract has against a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import attrs

from fulfillment_sdk.models._fields import Model, extra, meta, raw, refuse_no_list, text
from fulfillment_sdk.models._moments import birthday, moment
from fulfillment_sdk.times import parse_time

_LISTS: Final = ("clients_case", "perpetrators_case", "attachments_case", "services")


class Priority(StrEnum):
    """The scale of ``priority``; some deployments of the same family read it in reverse."""

    HIGH = "1"
    MEDIUM = "2"
    LOW = "3"


class RecordState(StrEnum):
    """The state of the record that ``status`` names at creation; it is no lifecycle status."""

    OPEN = "1"
    CLOSED = "2"


@attrs.frozen(kw_only=True, repr=False)
class Person(Model):
    """A reporter or a client.

    ``fname`` is the full name, ``age_t`` the unit of ``age`` (``"0"`` years, ``"1"`` months),
    ``record_id`` the literal key ``.id``. The ``…_id`` fields are ids of the helpline's own lists.

    ``dob`` is the date of birth in epoch seconds. It can be given as a datetime with a zone, or as
    a plain date, which is taken as its midnight in UTC: where the helpline's own zone matters, give
    the midnight there. A datetime without a zone is a ConfigurationError.
    """

    fname: str | None = text(sensitive=True)
    age_t: str | None = text()
    age: str | None = text(sensitive=True)
    dob: str | None = attrs.field(default=None, converter=birthday, metadata=meta(sensitive=True))
    age_group_id: str | None = text(sensitive=True)
    location_id: str | None = text(sensitive=True)
    sex_id: str | None = text(sensitive=True)
    landmark: str | None = text(sensitive=True)
    nationality_id: str | None = text(sensitive=True)
    national_id_type_id: str | None = text()
    national_id: str | None = text(sensitive=True)
    lang_id: str | None = text(sensitive=True)
    tribe_id: str | None = text(sensitive=True)
    phone: str | None = text(sensitive=True)
    phone2: str | None = text(sensitive=True)
    email: str | None = text(sensitive=True)
    record_id: str | None = text(wire=".id", sensitive=True)
    extra: Mapping[str, object] = extra()


@attrs.frozen(kw_only=True, repr=False)
class Perpetrator(Model):
    """An alleged perpetrator: a person's fields, labels beside two ids, and the circumstances."""

    fname: str | None = text(sensitive=True)
    age_t: str | None = text()
    age: str | None = text(sensitive=True)
    dob: str | None = attrs.field(default=None, converter=birthday, metadata=meta(sensitive=True))
    age_group_id: str | None = text(sensitive=True)
    age_group: str | None = text(sensitive=True)
    location_id: str | None = text(sensitive=True)
    sex_id: str | None = text(sensitive=True)
    sex: str | None = text(sensitive=True)
    landmark: str | None = text(sensitive=True)
    nationality_id: str | None = text(sensitive=True)
    national_id_type_id: str | None = text()
    national_id: str | None = text(sensitive=True)
    lang_id: str | None = text(sensitive=True)
    tribe_id: str | None = text(sensitive=True)
    phone: str | None = text(sensitive=True)
    phone2: str | None = text(sensitive=True)
    email: str | None = text(sensitive=True)
    relationship_id: str | None = text(sensitive=True)
    shareshome_id: str | None = text(sensitive=True)
    health_id: str | None = text(sensitive=True)
    employment_id: str | None = text(sensitive=True)
    marital_id: str | None = text(sensitive=True)
    guardian_fullname: str | None = text(sensitive=True)
    notes: str | None = text(sensitive=True)
    record_id: str | None = text(wire=".id", sensitive=True)
    extra: Mapping[str, object] = extra()


@attrs.frozen(kw_only=True, repr=False)
class AttachmentRef(Model):
    """A reference to a file that was uploaded before."""

    attachment_id: str | None = text()
    extra: Mapping[str, object] = extra()


def references(given: Iterable[AttachmentRef | StoredAttachment]) -> tuple[AttachmentRef, ...]:
    """References to files, also to those that are given as the answer to their upload."""
    return tuple(
        AttachmentRef(attachment_id=one.attachment_id) if isinstance(one, StoredAttachment) else one
        for one in given
    )


@attrs.frozen(kw_only=True, repr=False)
class Service(Model):
    """A service that was given or referred to."""

    category_id: str | None = text()
    extra: Mapping[str, object] = extra()


@attrs.frozen(kw_only=True, repr=False)
class Location(Model):
    """Where a verification takes place; latitude and longitude are decimal degrees as text."""

    address_line: str | None = text(sensitive=True)
    city: str | None = text(sensitive=True)
    state: str | None = text()
    pincode: str | None = text(sensitive=True)
    country: str | None = text()
    lat: str | None = text(sensitive=True)
    lng: str | None = text(sensitive=True)
    extra: Mapping[str, object] = extra()


@attrs.frozen(kw_only=True, repr=False)
class Verification(Model):
    """The workflow document's verification: candidate, location, contract type and deadlines."""

    client_case_id: str | None = text()
    contract_type: str | None = text()
    candidate_name: str | None = text(sensitive=True)
    phone_primary: str | None = text(sensitive=True)
    phone_secondary: str | None = text(sensitive=True)
    company_name: str | None = text(sensitive=True)
    location: Location | None = attrs.field(default=None, metadata=meta("object", of=Location))
    starts_at: str | None = text()
    due_at: str | None = text()
    tat_hours: str | None = text()
    instructions: str | None = text(sensitive=True)
    extra: Mapping[str, object] = extra()


@attrs.frozen(kw_only=True, repr=False)
class NewCase(Model):
    """A case to create.

    Mandatory in the end are ``reporter`` with its ``fname``, ``gbv_related``, ``case_category_id``,
    ``narrative``, ``plan``, ``priority`` and ``status``; they may be left out here where defaults
    fill them in (`CaseDefaults`). ``src_ts`` is in epoch seconds with up to six decimals, or a
    datetime with a zone (one without is a ConfigurationError). ``attachments_case`` also takes what
    ``client.attachments.upload`` returned. Keys that the contract does not know go into ``extra``.
    What is no list where there may be several, and an ``extra`` that is no mapping, is a
    ConfigurationError too.
    """

    src: str | None = text()
    src_uid: str | None = text()
    src_address: str | None = text(sensitive=True)
    src_uid2: str | None = text()
    src_usr: str | None = text()
    src_vector: str | None = text()
    src_callid: str | None = text()
    src_ts: str | None = attrs.field(default=None, converter=moment, metadata=meta("stamp"))
    reporter: Person | None = attrs.field(default=None, metadata=meta("object", of=Person))
    clients_case: tuple[Person, ...] = attrs.field(
        default=(), converter=tuple[Person, ...], metadata=meta("list", of=Person)
    )
    perpetrators_case: tuple[Perpetrator, ...] = attrs.field(
        default=(), converter=tuple[Perpetrator, ...], metadata=meta("list", of=Perpetrator)
    )
    attachments_case: tuple[AttachmentRef, ...] = attrs.field(
        default=(), converter=references, metadata=meta("list", of=AttachmentRef)
    )
    services: tuple[Service, ...] = attrs.field(
        default=(), converter=tuple[Service, ...], metadata=meta("list", of=Service)
    )
    knowabout116_id: str | None = text()
    gbv_related: bool | None = attrs.field(default=None, metadata=meta("flag"))
    case_category_id: str | None = text()
    narrative: str | None = text(sensitive=True)
    plan: str | None = text(sensitive=True)
    justice_id: str | None = text()
    assessment_id: str | None = text()
    priority: str | None = text()
    status: str | None = text()
    escalated_to_id: str | None = text()
    verification: Verification | None = attrs.field(
        default=None, metadata=meta("object", of=Verification)
    )
    extra: Mapping[str, object] = extra()

    def __attrs_pre_init__(self, **given: object) -> None:
        for name in _LISTS:
            refuse_no_list(name, given[name])


@attrs.frozen(kw_only=True, repr=False)
class CreatedCase(Model):
    """The answer to a created case (contract, section 2).

    ``id`` is the case ID, ``reference_number`` the case number. ``created_at`` and ``assigned_to``
    may be None: the deployed gateway leaves them out. ``id_source`` names the key that ``id`` was
    read from.
    """

    id: str = attrs.field(metadata=meta())
    reference_number: str = attrs.field(metadata=meta())
    status: str | None = text()
    created_at: str | None = text()
    assigned_to: str | None = text()
    id_source: str = "id"
    raw: Mapping[str, object] = raw()

    @property
    def created(self) -> datetime | None:
        """``created_at`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.created_at) if self.created_at else None


@attrs.frozen(kw_only=True, repr=False)
class StoredAttachment(Model):
    """The answer to an uploaded attachment, which a case takes in ``attachments_case``."""

    attachment_id: str = attrs.field(metadata=meta())
    file_name: str | None = text(sensitive=True)
    sha256: str | None = text()
    size: int | None = attrs.field(default=None, metadata=meta("number"))
    content_type: str | None = text()
    raw: Mapping[str, object] = raw()
