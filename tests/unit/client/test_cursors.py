"""Places in the feed."""

from __future__ import annotations

import pytest

from fulfillment_sdk.client.cursors import Place
from fulfillment_sdk.models import Event

EVENTS = [Event(id=f"evt_{n}", type="x") for n in range(3)]


@pytest.mark.parametrize(
    "cursor", [None, "", "f_17_29", "amid_", "amid_!", "amid_WzFd", "amid_W10="]
)
def test_a_cursor_of_the_servers_is_taken_as_it_is(cursor: str | None) -> None:
    place = Place.of(cursor)
    assert (place.after, place.event_id) == (cursor, None)
    assert place.written() == cursor


@pytest.mark.parametrize("after", [None, "f_17_29", "ž~/?"])
def test_a_place_amid_a_page_is_read_as_it_was_written(after: str | None) -> None:
    place = Place(after, 'evt_"1"')
    written = place.written()
    assert written is not None
    assert written.isascii()
    assert Place.of(written) == place


@pytest.mark.parametrize(
    ("event_id", "rest"),
    [
        (None, ["evt_0", "evt_1", "evt_2"]),
        ("evt_0", ["evt_1", "evt_2"]),
        ("evt_2", []),
        ("evt_9", ["evt_0", "evt_1", "evt_2"]),
    ],
)
def test_behind_a_place_is_what_follows_its_event_or_all_if_it_is_gone(
    event_id: str | None, rest: list[str]
) -> None:
    assert [event.id for event in Place("f_1", event_id).rest(EVENTS)] == rest
