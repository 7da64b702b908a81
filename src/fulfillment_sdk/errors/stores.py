"""What a store refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfillment_sdk.errors.base import FulfillmentError

if TYPE_CHECKING:
    from fulfillment_sdk.models import AccessToken


class StoreError(FulfillmentError):
    """The store refuses what was asked of it."""


class StoreUnavailable(StoreError):
    """The store is full, locked, read-only or unreachable; nothing was written."""

    default_remedy = (
        "Check the disk space, the rights and the address of the database, then repeat."
    )


class TokenNotKept(StoreError):
    """A new token could not be kept; the client uses it, and ``answer`` has it.

    A code works once, so what it brought must not be lost with the error: keep
    ``error.answer.token`` in a safe place. Neither ``str()`` nor ``repr()`` shows it.
    """

    default_remedy = "The client uses it all the same: keep error.answer.token in a safe place."

    def __init__(self, message: str, *, answer: AccessToken, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.answer = answer
