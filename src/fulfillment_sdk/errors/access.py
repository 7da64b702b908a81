"""Who may do it: what can be wrong with a token, and with the organization it is of.

Causes and remedies are the documents' own, where these name one ("Authentication Errors").
"""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from fulfillment_sdk.errors.api import Answered, APIError


class Unauthorized(APIError):
    """401: the token is missing, malformed, expired or revoked."""

    cause = "Token expired or tampered with"
    default_remedy = "Obtain a new token through the verification process."


class TokenExpired(Unauthorized):
    """401: the token has ended, by its own word; ``expired_at`` (aware, UTC) says when, if known.

    The client looks before it sends: then nothing was sent, and ``response`` is None.
    """

    cause = "A token is valid for 1 year from issuance"

    def __init__(
        self, message: str, *, expired_at: datetime | None = None, **answer: Unpack[Answered]
    ) -> None:
        super().__init__(message, **answer)
        self.expired_at = expired_at


class Forbidden(APIError):
    """403: the organization is not approved, or was deactivated."""

    default_remedy = "Ask the gateway's administrator to approve or activate the organization."


class OrganizationInactive(Forbidden):
    """403: an admin has disabled the organization; its tokens work no more, nor do new codes."""

    cause = "Admin disabled your organization"
    default_remedy = "Contact system administrator: only an admin can activate it again."


class NotApproved(Forbidden):
    """403: no admin has approved the organization yet; the code was right, and is used up."""

    cause = "No admin has approved your organization yet"
    default_remedy = "Contact system administrator; once approved, request a new verification code."
