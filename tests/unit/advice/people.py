"""What the tests of advice share: a case as the wire has it, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fulfillment_sdk.advice import advise

NOW = 1_741_960_667.0
"""2025-03-14."""


def case(**changes: object) -> dict[str, Any]:
    good: dict[str, Any] = {
        "reporter": {"fname": "Jane Smith"},
        "gbv_related": True,
        "case_category_id": "362485",
        "narrative": "As told.",
        "plan": "Refer to legal aid.",
        "priority": "1",
        "status": "1",
    }
    return good | changes


def reporter(**fields: object) -> dict[str, Any]:
    return case(reporter={"fname": "Jane Smith"} | fields)


def born(year: int, month: int = 1, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


def said(about: dict[str, Any], **given: Any) -> list[tuple[str, str]]:
    return [(one.code, one.field) for one in advise(about, **({"now": NOW} | given))]
