"""What a failure means for the event: try again, or never."""

from __future__ import annotations

from nats.errors import AuthorizationError, MaxPayloadError, NoServersError
from nats.js.errors import APIError, NoStreamResponseError

from fulfillment_sdk.relay import Reject, Retry

# JetStream's own number for a message that the stream's settings don't allow in its size.
_TOO_LARGE = 10054

TOO_LARGE = Reject("larger than the NATS server takes")


def after_failure(error: Exception) -> Retry | Reject:
    """Return what to do about an exception; its own words, which may name a server, stay here.

    Only a size is for good: servers come back, streams are made, rights are given.
    """
    if isinstance(error, MaxPayloadError):
        return TOO_LARGE
    if isinstance(error, APIError):
        if error.err_code == _TOO_LARGE:
            return TOO_LARGE
        return Retry(f"JetStream refuses ({error.code}, {error.err_code})")
    if isinstance(error, NoStreamResponseError):
        return Retry("no stream takes the subject")
    if isinstance(error, AuthorizationError):
        return Retry("the NATS server does not let us in")
    if isinstance(error, NoServersError | ConnectionError):
        return Retry("no NATS server can be reached")
    if isinstance(error, TimeoutError):
        return Retry("the NATS server did not answer in time")
    return Retry(f"not published ({type(error).__name__})")
