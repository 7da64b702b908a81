"""Notifications from bytes and back (contract, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fulfillment_sdk import strictjson
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models.events import (
    CASE_COMPLETED,
    STATUS_CHANGED,
    CaseCompleted,
    Event,
    StatusChanged,
)
from fulfillment_sdk.wire.reading import load
from fulfillment_sdk.wire.writing import dumps

# A completion carries the case's request and the forms' data some levels down.
EVENT_DEPTH: Final = 2 * strictjson.MAX_DEPTH

_CLASSES: Final[Mapping[str, type[Event]]] = {
    STATUS_CHANGED: StatusChanged,
    CASE_COMPLETED: CaseCompleted,
}


def load_event(body: bytes | str) -> Event:
    """Read the body of a notification.

    Returns a `StatusChanged`, a `CaseCompleted`, or for any other type a plain `Event` with what
    could be read of it; numbers in ``raw`` are plain integers and floats. Raises `PayloadError` for
    what is no JSON object, has no ``id`` or ``type``, or is not what its type says.
    """
    return read_event(strictjson.parse_object(body, exact=False, depth=EVENT_DEPTH))


def read_event(payload: Mapping[str, object]) -> Event:
    """Read a notification that was parsed already, as `load_event` does."""
    cls = _CLASSES.get(str(payload.get("type")), Event)
    if cls is not Event:
        return load(cls, payload)
    try:
        return load(Event, payload)
    except PayloadError:
        # Of a type that nobody described, only the envelope can be relied on.
        envelope = load(Event, {key: payload.get(key) for key in ("id", "type")})
        return Event(id=envelope.id, type=envelope.type, raw=payload)


def dump_event(event: Event) -> bytes:
    """Write a notification as the exact bytes to sign and send; what is not known is null."""
    return dumps(event)
