"""What can be wrong with a one-time code (contract, section 1).

Causes and remedies are the documents' own, where these name one ("Authentication Errors").
"""

from __future__ import annotations

from fulfillment_sdk.errors.api import NotFound, TooManyRequests
from fulfillment_sdk.errors.fields import BadRequest


class WrongCode(BadRequest):
    """400: the one-time code is not the one that was sent."""

    cause = "Typo in OTP entry"
    default_remedy = "Double-check the code from your email."


class CodeExpired(BadRequest):
    """400: the one-time code is older than ten minutes."""

    cause = "OTP older than 10 minutes"
    default_remedy = "Request a new verification code."


class NoPendingVerification(NotFound):
    """404: no code is waiting for this e-mail address and organization, or it was used already."""

    cause = "The code was used, or none was requested for this email and organization"
    default_remedy = "Request a new verification code."


class TooManyAttempts(TooManyRequests):
    """429: five wrong codes were tried, so that the right one does not work any more either."""

    cause = "Five wrong codes were tried"
    default_remedy = "Request a new verification code: there is no need to wait."
