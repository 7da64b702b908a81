"""`client.events`: what the organization was sent, in order, once more (contract, section 5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Self, TypeGuard

from fulfillment_sdk.client.address import a_text
from fulfillment_sdk.client.calls.answers import json_object, text, unexpected
from fulfillment_sdk.client.calls.call import (
    WEBFORM,
    Answer,
    Call,
    KnownWords,
    Runner,
    query,
    sendable,
)
from fulfillment_sdk.client.cursors import Place
from fulfillment_sdk.client.feed import LONGEST_WAIT, Feed
from fulfillment_sdk.client.paging import LARGEST, Page, page_size
from fulfillment_sdk.errors import BadRequest, ConfigurationError, PayloadError
from fulfillment_sdk.models import Event
from fulfillment_sdk.wire import read_event

FEATURE: Final = "events"
PATH: Final = f"{WEBFORM}events/"
USUAL: Final = 50

KNOWN: Final = (
    KnownWords(
        400,
        "field: after",
        BadRequest,
        "The cursor is not one of this feed (any more): begin again without it, and know by its id "
        "what you have had.",
    ),
)


class Events:
    """The feed of the organization's events. NotOffered where a server has none."""

    def __init__(
        self,
        runner: Runner,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runner = runner
        self._sleep = sleep
        self._clock = clock

    def iterate(
        self,
        *,
        after: str | None = None,
        case_id: str | None = None,
        wait: float = 0.0,
        page_size: int = USUAL,
    ) -> EventStream:
        """Iterate over the events behind the cursor `after`, or all that the server keeps.

        An empty `after` is none. With `case_id` those of one case alone. It ends where there are no
        more; with `wait` when for so many seconds nothing has come (`float("inf")`: never), and an
        event that comes meanwhile is there at once. Its `cursor` is where to go on, after each
        event, with the same `case_id`. Raises InvalidField for a cursor that is none of this feed.
        Contract, section 5.
        """
        case_id = _given("case_id", case_id)
        return EventStream(
            self._runner,
            lambda cursor, wait: page(cursor, case_id=case_id, wait=wait, size=page_size),
            after=after or None,
            wait=_seconds(wait),
            sleep=self._sleep,
            clock=self._clock,
        )

    def page(
        self,
        *,
        after: str | None = None,
        case_id: str | None = None,
        wait: float = 0.0,
        page_size: int = USUAL,
    ) -> Page[Event]:
        """One page of `iterate()`: typed events, and in `next` always the cursor to go on behind.

        `wait` is up to 25 seconds. Only an empty page is the end: with large events there are fewer
        on one. Contract, section 5.
        """
        asked = min(_seconds(wait), LONGEST_WAIT)
        return self._runner.run(
            page(after or None, case_id=_given("case_id", case_id), wait=asked, size=page_size)
        )


class EventStream:
    """Events one after the other, fetched when they are needed.

    `cursor` is at any time the place behind the last event that was given out: keep it once the
    event is dealt with, and a later `iterate(after=…)` begins with the next. After an error, and
    after its end, it can be gone on with. Not to be shared between threads.
    """

    def __init__(
        self,
        runner: Runner,
        call: Callable[[str | None, float], Call[Page[Event]]],
        *,
        after: str | None,
        wait: float,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self._runner = runner
        self._feed = Feed(call, after=after, wait=wait)
        self._sleep = sleep
        self._clock = clock

    @property
    def cursor(self) -> str:
        """The place behind the last event that was given out; empty before the very first."""
        return self._feed.cursor or ""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        feed = self._feed
        feed.listen()
        while (event := feed.take()) is None:
            began = self._clock()
            page = self._runner.run(feed.ask())
            if pause := feed.got(page, took=self._clock() - began):
                self._sleep(pause)
            if feed.ended:
                raise StopIteration
        return event


def page(cursor: str | None, *, case_id: str | None, wait: float, size: int) -> Call[Page[Event]]:
    """The call for the page behind `cursor`, for which the server may wait so many seconds."""
    place = Place.of(cursor)
    # The event that was had last is on the page that it was had from: this one is as long as any.
    limit = page_size(size) if place.event_id is None else str(LARGEST)

    def read(answer: Answer) -> Page[Event]:
        body = json_object(answer)
        found, following = body.get("events"), text(body.get("next"))
        if not isinstance(found, list) or not _leads_on(following):
            raise unexpected(answer, "The answer holds no events, or not where to go on")
        if found and following == place.after:
            raise unexpected(answer, "The events go round in circles")
        return Page(place.rest([_event(item, answer) for item in found]), following)

    return Call(
        "GET",
        PATH
        + query(
            limit=limit,
            case_id=case_id,
            wait=f"{wait:.3f}" if wait >= 0.001 else None,
            after=place.after,
        ),
        read,
        feature=FEATURE,
        beyond=True,
        known=KNOWN,
        patience=wait,
    )


def _leads_on(cursor: str | None) -> TypeGuard[str]:
    return cursor is not None and sendable(cursor) and Place.of(cursor).event_id is None


def _event(item: object, answer: Answer) -> Event:
    """An event, typed as far as it can be read: one that can't holds up none behind it."""
    if not isinstance(item, Mapping):
        raise unexpected(answer, "The answer holds what is no event")
    try:
        return read_event(item)
    except PayloadError:
        return Event(id=text(item.get("id")) or "", type=text(item.get("type")) or "", raw=item)


def _seconds(wait: object) -> float:
    if not (isinstance(wait, int | float) and wait >= 0):
        raise ConfigurationError("wait is no number of seconds", remedy="Give wait=25, say.")
    return wait


def _given(name: str, value: str | None) -> str | None:
    if value is not None and not a_text(name, value).strip():
        raise ConfigurationError(
            f"The {name} is no identifier", remedy="Give one, or None for the events of all cases."
        )
    return value
