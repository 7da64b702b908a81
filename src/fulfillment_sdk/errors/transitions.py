"""Steps that the lifecycle does not have."""

from __future__ import annotations

from fulfillment_sdk.errors.base import FulfillmentError


class IllegalTransition(FulfillmentError):
    """The lifecycle has no step from ``previous`` to ``new`` (contract, section 3).

    ``str()`` is exactly the text that the portal answers with, so the remedy is not part of it.
    """

    default_remedy = "Take a step that the lifecycle has from the case's present status."

    def __init__(self, previous: str | None, new: str) -> None:
        shown = "-" if previous is None else previous
        super().__init__(f"Illegal status transition from '{shown}' to '{new}'")
        self.previous = previous
        self.new = new

    def __str__(self) -> str:
        return self.message
