"""Where one who goes through the feed of events stands (contract, section 5).

Nothing here fetches or waits: a shell runs the calls, and makes the pauses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from fulfillment_sdk.client.calls.call import Call
from fulfillment_sdk.client.cursors import Place
from fulfillment_sdk.client.paging import Page
from fulfillment_sdk.models import Event

LONGEST_WAIT: Final = 25.0
"""Seconds for which a server can be asked to wait for the next event."""

_AT_MOST_ONCE: Final = 1.0
_LEAST: Final = 0.001


class Feed:
    """The pages that were had, what of them was given out, and what to ask for next.

    `call` makes the call for the page behind a cursor, for which the server may wait so many
    seconds; `wait` is how long a silence ends the feed. `cursor` is at any time the place behind
    the last event that was given out, None before the first.
    """

    def __init__(
        self,
        call: Callable[[str | None, float], Call[Page[Event]]],
        *,
        after: str | None,
        wait: float,
    ) -> None:
        call(after, 0.0)  # what can't be asked for is told here, not at the first event
        self.cursor = after
        self.ended = False
        self._call = call
        self._wait = wait
        self._waiting: deque[Event] = deque()
        self._before = after
        self._behind = after
        self._asked = 0.0
        self._silent = 0.0

    def listen(self) -> None:
        """Begin to listen for the next event: silence counts from here."""
        self._silent, self.ended = 0.0, False

    def take(self) -> Event | None:
        """Give out the next event; None where a page has to be fetched first."""
        if not self._waiting:
            return None
        event = self._waiting.popleft()
        amid = Place(Place.of(self._before).after, event.id).written()
        self.cursor = amid if self._waiting else self._behind
        return event

    def ask(self) -> Call[Page[Event]]:
        """The call for the next page."""
        self._asked = min(self._wait - self._silent, LONGEST_WAIT)
        return self._call(self._behind, self._asked)

    def got(self, page: Page[Event], *, took: float) -> float:
        """Take note of the page that was asked for, which took so many seconds.

        Returns the pause to make before going on, in seconds; after it, `ended` says whether the
        silence was long enough.
        """
        self._before, self._behind = self._behind, page.next
        self._waiting.extend(page.items)
        if self._waiting:
            return 0.0
        self.cursor = page.next
        if Place.of(self._before).event_id is not None:
            return 0.0  # what was left out of that page had been on it
        # A server that does not wait, or is about to stop, is not pressed.
        pause = min(_AT_MOST_ONCE, self._asked - took) if took < self._asked else 0.0
        self._silent += max(took + pause, _LEAST)
        self.ended = self._silent >= self._wait
        return pause
