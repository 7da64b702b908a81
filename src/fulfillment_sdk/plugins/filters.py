"""Which events a destination wants, beside their types: by the case's status and category.

The relay goes by labels that an event has at its acceptance. Here they are made, and so is what a
destination asks of them. An event that does not say its status, or its case's category, goes to
everybody: a filter that can't decide loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from fulfillment_sdk.lifecycle import STATUSES
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED, Event

_TYPES: Final = (STATUS_CHANGED, CASE_COMPLETED, "subscription.test")

STATUS: Final = "status"
CATEGORY: Final = "category"
UNKNOWN: Final = ""
"""What an event is labelled with that does not say."""

logger = logging.getLogger("fulfillment_sdk.plugins")


def labels_of(event: Event) -> dict[str, str]:
    """Return the labels of an event: its case's new status and category, as far as it says them.

    Hand them to the relay with each event that it is to accept.
    """
    status = str(event.new_status) if event.new_status is not None else UNKNOWN
    return {STATUS: status, CATEGORY: event.case_category_id or UNKNOWN}


def only(statuses: Iterable[str], categories: Iterable[str | int]) -> Mapping[str, tuple[str, ...]]:
    """Return what a destination with these filters asks of an event's labels; none means all."""
    wanted = {STATUS: tuple(statuses), CATEGORY: tuple(map(str, categories))}
    return {label: (*values, UNKNOWN) for label, values in wanted.items() if values}


def warn_of_strangers(events: Sequence[str], statuses: Sequence[str], *, where: str) -> None:
    """Log what a filter names and no document does: another deployment's, or misspelt."""
    named = (("events", events, _TYPES), ("statuses", statuses, tuple(STATUSES)))
    for key, values, documented in named:
        for value in values:
            if value not in documented:
                nearest = get_close_matches(value, documented, n=1)
                hint = f"; did you mean {nearest[0]}?" if nearest else ""
                logger.warning("%s.%s: %r is in no document%s", where, key, value, hint)
