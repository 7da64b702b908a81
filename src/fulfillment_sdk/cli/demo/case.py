"""The documents' physical-abuse case: an invented person in an all too real situation."""

from __future__ import annotations

from fulfillment_sdk.models import NewCase, Perpetrator, Person, Priority, RecordState

EMAIL = "intake@partner.example"
ORGANIZATION = "Demo Partner"


def physical_abuse() -> NewCase:
    """Return the example "Create a Detailed Case (Physical Abuse)" of the Case Creation API."""
    return NewCase(
        src="webform",
        reporter=Person(
            fname="Jane Smith",
            age="35",
            sex_id="122",
            phone="0712345678",
            email="jane.smith@example.com",
            location_id="258783",
        ),
        clients_case=(
            Person(
                fname="Sarah Johnson",
                age="28",
                age_t="0",
                sex_id="122",
                phone="0723456789",
                location_id="258783",
            ),
        ),
        perpetrators_case=(
            Perpetrator(fname="Robert Johnson", age="32", sex_id="121", relationship_id="363104"),
        ),
        gbv_related=True,
        case_category_id="362485",
        narrative=(
            "Client reports physical abuse from spouse that has been ongoing for approximately "
            "6 months. Most recent incident occurred yesterday resulting in visible bruising. "
            "Client fears for her safety and wants to understand her options."
        ),
        plan=(
            "1. Immediate safety assessment and planning\n"
            "2. Medical referral for injury documentation\n"
            "3. Legal options counseling\n"
            "4. Shelter information provided"
        ),
        priority=Priority.HIGH,
        status=RecordState.OPEN,
    )
