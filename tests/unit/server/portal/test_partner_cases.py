"""When a partner may cancel: contract, section 3."""

from __future__ import annotations

import attrs
import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.errors import IllegalTransition
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.server.portal.partner_cases import how_to_cancel
from tests.unit.server.portal.test_partner_views import CHANGE

REASONS = {
    "new": "cancelled",
    "allocated": "cancelled",
    "pending_allocation": "cancelled",
    "in_progress": "cancelled",
    "qc_rejected": "closed_unverified",
}
CANCELLED = attrs.evolve(CHANGE, new_status="cancelled", reason="cancelled")


@pytest.mark.parametrize(
    "status", [each for each in lifecycle.STATUSES if each not in {*REASONS, "cancelled"}]
)
def test_what_is_not_the_partners_to_cancel_is_an_illegal_step(status: str) -> None:
    with pytest.raises(IllegalTransition) as raised:
        how_to_cancel(CaseStatus(status), [CHANGE])
    assert str(raised.value) == f"Illegal status transition from '{status}' to 'cancelled'"


@pytest.mark.parametrize(("status", "reason"), REASONS.items())
def test_each_row_that_lists_the_partner_has_its_reason(status: str, reason: str) -> None:
    assert how_to_cancel(CaseStatus(status), [CHANGE]) == reason


def test_what_the_partner_cancelled_stays_as_it_is() -> None:
    cancelled = attrs.evolve(CANCELLED, actor="partner")
    assert how_to_cancel(lifecycle.CANCELLED, [CHANGE, cancelled]) is None


def test_what_the_portal_cancelled_is_not_the_partners() -> None:
    cancelled = attrs.evolve(CANCELLED, actor="ops")
    with pytest.raises(IllegalTransition) as raised:
        how_to_cancel(lifecycle.CANCELLED, [CHANGE, cancelled])
    assert str(raised.value) == "Illegal status transition from 'cancelled' to 'cancelled'"
