"""What is odd about an event that is passed on all the same, in one word each.

The receiving side never refuses (contract, section 3): it delivers, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fulfillment_sdk import lifecycle
from fulfillment_sdk.lifecycle import STATUSES, CaseStatus
from fulfillment_sdk.models.events import CASE_COMPLETED
from fulfillment_sdk.receiver.cases.facts import Fact

UNKNOWN_STATUS: Final = "unknown_status"
IMPOSSIBLE_STEP: Final = "impossible_step"
SAME_NUMBER: Final = "same_number"
LATE: Final = "late"
GAP: Final = "gap"

ANOMALIES: Final[Mapping[str, str]] = {
    LATE: "it came after later ones of its case had been passed on",
    UNKNOWN_STATUS: "a status that is none of the documented ones",
    IMPOSSIBLE_STEP: "a step that leads nowhere from there, or does not begin where the case stood",
    SAME_NUMBER: "another event of the case has the same number",
    GAP: "what comes before it is missing",
}
"""Every word that `event.anomaly` may have; of several that hold, it has the first of these."""


def oddity(fact: Fact, *, stood: str | None = None) -> str | None:
    """Return what is odd about what an event itself says; None where nothing is.

    Args:
        fact: what it says.
        stood: the status that the case had; None where that is not known for sure.
    """
    if not fact.moves or fact.status is None:
        return None
    if fact.status not in STATUSES or (fact.previous or fact.status) not in STATUSES:
        return UNKNOWN_STATUS
    completes = fact.type == CASE_COMPLETED
    previous = fact.previous
    if previous is None and fact.status != lifecycle.NEW:  # a sender may leave it out
        previous = CaseStatus.SUBMITTED if completes else stood
        if previous is None:
            return None
    row = lifecycle.find(previous, fact.status)
    if row is None or (completes and not row.completes):
        return IMPOSSIBLE_STEP
    # A completion tells once more of the step to `qc_passed`, behind the event of that.
    expected = fact.status if completes else previous
    return IMPOSSIBLE_STEP if stood is not None and stood != expected else None
