"""How much of an event a destination gets: a table of fields for each level, and no exception.

What is not in the table stays behind, whatever it is called, and so does a known field that does
not look like what it is for: a receiver ignores unknown keys, and passes none on. Survivors'
stories must not end in a chat log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from fulfillment_sdk import strictjson
from fulfillment_sdk.plugins.disclosure import shapes
from fulfillment_sdk.plugins.disclosure.shapes import Shape
from fulfillment_sdk.wire.events import EVENT_DEPTH

Disclosure: TypeAlias = Literal["routing", "operational", "full"]
"""`routing`: which case, which step, when. `operational`: what one needs to work on it, and nothing
about a person. `full`: the bytes as they were signed."""

Fields: TypeAlias = Mapping[str, "Shape | Fields | list[Fields]"]
"""An object's keys, each with the shape of its value, the object's fields, or those of a list."""

_STEP: Final[Fields] = {
    "previous_status": shapes.code,
    "new_status": shapes.code,
    "timestamp": shapes.time,
    "sequence": shapes.number,
    "transition_id": shapes.identifier,
    "actor": shapes.code,
    "reason": shapes.code,
}

_ROUTING_DATA: Final[Fields] = {
    "case_id": shapes.identifier,
    "reference_number": shapes.identifier,
    "organization_id": shapes.identifier,
    **_STEP,
    "final": shapes.flag,
    "completed_at": shapes.time,
}

_REVIEW: Final[Fields] = {
    "id": shapes.identifier,
    "submission_id": shapes.identifier,
    "result": shapes.code,
    "reason_code": shapes.code,
    "reviewed_at": shapes.time,
}

_OPERATIONAL_DATA: Final[Fields] = {
    **_ROUTING_DATA,
    "message": shapes.message,
    "case_category_id": shapes.code_or_number,
    "outcome": shapes.code,
    "case": {
        "id": shapes.identifier,
        "reference_number": shapes.identifier,
        "created_at": shapes.time,
        "assigned_to": shapes.code,
        "timeline": [{**_STEP, "message": shapes.message}],
        "request": {
            "case_category_id": shapes.code_or_number,
            "priority": shapes.code_or_number,
        },
    },
    "form_submissions": [
        {
            "id": shapes.identifier,
            "form_name": shapes.title,
            "form_version": shapes.code_or_number,
            "status": shapes.code,
            "submitted_at": shapes.time,
            "files": [{"id": shapes.identifier, "content_type": shapes.code}],
        }
    ],
    "qc_review": _REVIEW,
    "qc_reviews": [_REVIEW],
    "report_url": shapes.address,
    "report_expires_at": shapes.time,
}

_ENVELOPE: Final[Fields] = {
    "id": shapes.identifier,
    "type": shapes.code,
    "version": shapes.code_or_number,
    "timestamp": shapes.time,
}

FIELDS: Final[Mapping[Disclosure, Fields]] = {
    "routing": {**_ENVELOPE, "data": _ROUTING_DATA},
    "operational": {**_ENVELOPE, "data": _OPERATIONAL_DATA},
}
"""What each level but `full` lets through."""


def disclose(body: bytes, level: Disclosure) -> bytes:
    """Return what a destination of this level gets of an event.

    Args:
        body: the event's JSON, as it was signed.
        level: `full` returns the very bytes; the others JSON of the same form, with the fields of
            their table. A null stays one.

    Raises:
        PayloadError: it is no JSON object; the error holds no part of it.
    """
    if level == "full":
        return body
    payload = strictjson.parse_object(body, depth=EVENT_DEPTH)
    return strictjson.dumps(_object(payload, FIELDS[level]))


def facts(body: bytes) -> dict[str, object]:
    """Return a disclosed body as templates see it; nothing more is in it than was disclosed.

    A null is left out, as what an event lacks is: a template goes through an empty list then.

    Raises:
        PayloadError: it is no JSON object.
    """
    payload = strictjson.parse_object(body, exact=False, depth=EVENT_DEPTH)
    return _without_nulls(_object(payload, FIELDS["operational"]))


def _object(value: Mapping[str, object], fields: Fields) -> dict[str, object]:
    kept: dict[str, object] = {}
    for key, wanted in fields.items():
        if key in value and _is(value[key], wanted):
            kept[key] = _part(value[key], wanted)
    return kept


def _without_nulls(known: Mapping[str, object]) -> dict[str, object]:
    return {key: _said(value) for key, value in known.items() if value is not None}


def _said(value: object) -> object:
    if isinstance(value, Mapping):
        return _without_nulls(value)
    return [_said(item) for item in value] if isinstance(value, list) else value


def _is(value: object, wanted: Shape | Fields | list[Fields]) -> bool:
    if value is None:
        return True
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping)
    return isinstance(value, list) if isinstance(wanted, list) else wanted(value)


def _part(value: object, wanted: Shape | Fields | list[Fields]) -> object:
    if isinstance(wanted, Mapping) and isinstance(value, Mapping):
        return _object(value, wanted)
    if isinstance(wanted, list) and isinstance(value, list):
        return [_object(item, wanted[0]) for item in value if isinstance(item, Mapping)]
    return value
