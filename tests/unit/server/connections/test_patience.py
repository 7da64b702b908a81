"""How long a server waits for a slow peer."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.connections.patience import USUAL, End, Patience, Sight, verdict

PATIENCE = Patience(
    head=10, idle=80, body_window=20, body_bytes=1024, body=330, rest=30, unread=30, connections=9
)


@pytest.mark.parametrize(
    ("sight", "end"),
    [
        (Sight(stage="head", since=9.9), None),
        (Sight(stage="head", since=10), "refuse"),
        (Sight(stage="idle", since=79), None),
        (Sight(stage="idle", since=80), "close"),
        (Sight(stage="body", since=19, window=19, came=0), None),
        (Sight(stage="body", since=20, window=20, came=1023), "refuse"),
        (Sight(stage="body", since=20, window=20, came=1024), None),
        (Sight(stage="body", since=330, window=1, came=9999), "refuse"),
        (Sight(stage="rest", since=29), None),
        (Sight(stage="rest", since=30), "close"),
        (Sight(stage="answer", since=9999), None),
        (Sight(stage="answer", since=9999, unread=29), None),
        (Sight(stage="answer", since=9999, unread=30), "abort"),
        (Sight(stage="idle", since=40, unread=30), "abort"),
    ],
)
def test_each_stage_has_its_limit(sight: Sight, end: End | None) -> None:
    assert verdict(sight, PATIENCE) == end


def test_a_body_that_the_server_does_not_read_is_not_late_but_must_have_an_end() -> None:
    held = Sight(stage="body", since=100, window=20, came=0, held=True)
    assert verdict(held, PATIENCE) is None
    assert verdict(Sight(stage="body", since=330, window=20, came=0, held=True), PATIENCE)


def test_one_byte_a_second_is_too_slow() -> None:
    second_by_second = Sight(stage="body", since=20, window=20, came=20)
    assert verdict(second_by_second, USUAL) == "refuse"


def test_it_looks_often_enough_for_the_shortest_limit_and_at_least_every_second() -> None:
    assert USUAL.look == 1.0
    assert Patience(head=0.2).look == 0.05
