"""400 and 422: what was sent is at fault."""

from __future__ import annotations

from typing import Unpack

from fulfillment_sdk.errors.api import Answered, APIError


class BadRequest(APIError):
    """400 or 422: the server refuses what was sent."""

    default_remedy = "Correct the request before sending it again."


class _FieldError(BadRequest):
    def __init__(self, message: str, *, field: str, **answer: Unpack[Answered]) -> None:
        super().__init__(message, **answer)
        self.field = field


class MissingField(_FieldError):
    """400: the mandatory ``field`` is absent or blank."""

    default_remedy = "Give the field a value, then send the case again."


class InvalidField(_FieldError):
    """400: ``field`` has the wrong type or an impossible value."""

    default_remedy = "Correct the field, then send the case again."
