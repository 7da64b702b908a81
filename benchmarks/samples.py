"""One case, short and full, for those benchmarks that look at the client alone; nobody real."""

from __future__ import annotations

from typing import Any, Final

from fulfillment_sdk.models import NewCase
from fulfillment_sdk.wire import load

ORIGIN: Final = ("src_uid", "src_uid2", "src_callid", "src_ts")
"""What the client fills in anew for every case."""

SHORT: Final[dict[str, Any]] = {
    "reporter": {"fname": "Jane Smith"},
    "gbv_related": False,
    "case_category_id": "362484",
    "narrative": "What happened, in the words of the reporter.",
    "plan": "Safety planning, then a medical referral",
    "priority": "2",
    "status": "1",
}

_PERSON: Final = {
    "fname": "Sarah Johnson",
    "age_t": "0",
    "age": "28",
    "age_group_id": "361955",
    "location_id": "258783",
    "sex_id": "121",
    "landmark": "Behind the market",
    "nationality_id": "2001",
    "national_id_type_id": "362100",
    "lang_id": "2101",
    "tribe_id": "2201",
    "phone": "0700000000",
    "phone2": "0700000001",
    "email": "someone@example.org",
}

FULL: Final[dict[str, Any]] = {
    "src": "webform",
    "src_address": "0700000000",
    "src_usr": "100",
    "src_vector": "2",
    "reporter": _PERSON,
    "clients_case": [{**_PERSON, ".id": "1"}, {**_PERSON, ".id": "2"}],
    "perpetrators_case": [
        {
            **_PERSON,
            "age_group": "18-35",
            "sex": "Male",
            "relationship_id": "363104",
            "shareshome_id": "363201",
            "health_id": "363301",
            "employment_id": "363401",
            "marital_id": "363501",
            "guardian_fullname": "Mary Johnson",
            "notes": "Lives next door, works at night.",
            ".id": "3",
        }
    ],
    "attachments_case": [{"attachment_id": "17"}, {"attachment_id": "18"}],
    "services": [{"category_id": "363601"}, {"category_id": "363602"}],
    "knowabout116_id": "363701",
    "gbv_related": True,
    "case_category_id": "362485",
    "narrative": "What happened, in the words of the reporter, at some length. " * 8,
    "plan": "Safety planning, a medical referral, legal aid; a call on the next day. " * 3,
    "justice_id": "363801",
    "assessment_id": "363901",
    "priority": "1",
    "status": "1",
    "escalated_to_id": "0",
    "verification": {
        "client_case_id": "CLIENT-0001",
        "contract_type": "address",
        "candidate_name": "Sarah Johnson",
        "phone_primary": "0700000000",
        "company_name": "Example Limited",
        "location": {
            "address_line": "Example Street",
            "city": "Exampleton",
            "state": "Example",
            "pincode": "000000",
            "country": "Nowhere",
            "lat": "0.1",
            "lng": "0.2",
        },
        "starts_at": "2025-03-14T08:00:00Z",
        "due_at": "2025-03-16T08:00:00Z",
        "tat_hours": "48",
        "instructions": "Ask for the colour of the gate.",
    },
}


def model(document: dict[str, Any]) -> NewCase:
    """Return the case as a model of ours."""
    return load(NewCase, document)


def with_origin(document: dict[str, Any], key: str, now: float) -> dict[str, Any]:
    """Fill in what the client would, as one would by hand."""
    return {
        **document,
        "src_uid": key,
        "src_uid2": key + "-2",
        "src_callid": key,
        "src_ts": f"{now:.3f}",
    }
