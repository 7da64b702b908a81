"""Notifications that can't be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from fulfillment_sdk.errors.base import FulfillmentError

SignatureReason = Literal[
    "missing_header",
    "repeated_header",
    "bad_headers",
    "bad_id",
    "bad_timestamp",
    "too_old",
    "too_new",
    "bad_body",
    "bad_secret",
    "no_match",
]

_CHANGED: Final = "Refuse it; if it came from the gateway, see whether a proxy changes headers."
_CLOCK: Final = "Refuse it; if it came from the gateway, set this machine's clock."

# What happened, and what to do.
_WORDS: Final[Mapping[SignatureReason, tuple[str, str]]] = {
    "missing_header": ("A webhook header is missing", _CHANGED),
    "repeated_header": ("A webhook header is given more than once", _CHANGED),
    "bad_headers": ("The headers can't be read", _CHANGED),
    "bad_id": ("The webhook id is malformed", _CHANGED),
    "bad_timestamp": ("The webhook timestamp is malformed", _CHANGED),
    "too_old": ("The webhook timestamp is too old", _CLOCK),
    "too_new": ("The webhook timestamp is too far ahead", _CLOCK),
    "bad_body": (
        "The body is not given as bytes",
        "Hand over the bytes as they came, before anything parses them.",
    ),
    "bad_secret": (
        "A webhook secret is malformed",
        "Give it as the subscription's creation answered it: whsec_ and base64.",
    ),
    "no_match": (
        "No webhook signature matches: is the secret that of this subscription?",
        "Refuse it; check the secret, and that the body is the bytes that came.",
    ),
}


class SignatureError(FulfillmentError):
    """A notification can't be trusted: ``reason`` is one word of a closed set.

    The words are ``missing_header``, ``repeated_header``, ``bad_headers``, ``bad_id``,
    ``bad_timestamp``, ``too_old``, ``too_new``, ``bad_body``, ``bad_secret`` (the receiver's own)
    and ``no_match``.
    """

    def __init__(self, reason: SignatureReason) -> None:
        message, remedy = _WORDS[reason]
        super().__init__(message, remedy=remedy)
        self.reason: SignatureReason = reason
