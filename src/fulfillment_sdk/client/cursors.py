"""Where in the feed of events to go on (contract, section 5).

The server gives one cursor a page, so a place amid a page is the cursor before it and the id of the
last event that was had.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Final

import attrs

from fulfillment_sdk.models import Event

_PREFIX: Final = "amid_"


@attrs.frozen
class Place:
    """The server's cursor (None: the beginning), and the last event behind it that was had."""

    after: str | None
    event_id: str | None = None

    @classmethod
    def of(cls, cursor: str | None) -> Place:
        """Read a cursor, the server's or one of `written`."""
        if cursor is not None and cursor.startswith(_PREFIX):
            try:
                encoded = cursor.removeprefix(_PREFIX)
                after, event_id = json.loads(base64.urlsafe_b64decode(encoded))
            except (binascii.Error, ValueError, TypeError, RecursionError):
                return cls(cursor)
            if isinstance(event_id, str) and (after is None or isinstance(after, str)):
                return cls(after, event_id)
        return cls(cursor)

    def written(self) -> str | None:
        """As a cursor to keep."""
        if self.event_id is None:
            return self.after
        place = json.dumps([self.after, self.event_id], separators=(",", ":"))
        return _PREFIX + base64.urlsafe_b64encode(place.encode()).decode()

    def rest(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """What of a page is behind this place: all of it if the event is no longer there."""
        ids = [event.id for event in events]
        start = ids.index(self.event_id) + 1 if self.event_id in ids else 0
        return tuple(events[start:])
