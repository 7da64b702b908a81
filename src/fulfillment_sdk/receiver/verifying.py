"""A notification as a typed event, and nothing stored: for partners with a queue of their own."""

from __future__ import annotations

import time
from collections.abc import Iterable

from fulfillment_sdk import signing, wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models.events import Event


def verify(
    headers: signing.Headers,
    body: bytes,
    *,
    secrets: str | Iterable[str],
    now: float | None = None,
) -> Event:
    """Return the event of one notification, if it is rightly signed (contract, section 4).

    Nothing is stored, and nothing remembered: an event may come again under its `id`. Whoever
    answers with a 2xx must have the body on disk by then.

    Args:
        headers: the request's: any mapping, whatever has `items()`, or pairs; names in any case.
        body: the bytes as they came, before anything parsed them.
        secrets: the live ones, newest first; or one text with spaces between them.
        now: epoch seconds; by default the clock's.

    Returns:
        a `StatusChanged`, a `CaseCompleted`, or for another type an `Event`.

    Raises:
        SignatureError: not rightly signed, or over five minutes off: answer 401, keep nothing.
        PayloadError: rightly signed, but no event can be made of it: keep the bytes for somebody to
            look at, and answer 202. (Its text has no part of the body.)
    """
    # A text without any secret is a bad one; without a word on it all would be "no match".
    live = (secrets.split() or [secrets]) if isinstance(secrets, str) else secrets
    at = time.time() if now is None else now
    verified = signing.verify(headers, body, secrets=live, now=at)
    event = wire.load_event(bytes(body))
    if event.id != verified.id:
        raise PayloadError("id", "is not the signed webhook-id")
    return event
