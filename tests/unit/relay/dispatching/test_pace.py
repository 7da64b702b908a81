"""How much is kept in hand for a destination follows from how fast it was lately."""

from __future__ import annotations

import pytest

from fulfillment_sdk.relay.dispatching.pace import AHEAD_SECONDS, MOST_AHEAD, Pace


def after(*turns: tuple[int, float], size: int = 100) -> Pace:
    """A pace that has seen turns of (events, seconds)."""
    pace = Pace()
    for events, seconds in turns:
        pace.ran(events=events, seconds=seconds, size=size)
    return pace


def test_nothing_is_kept_in_hand_for_a_destination_that_was_not_measured() -> None:
    assert Pace().lanes_ahead(8) == 0


@pytest.mark.parametrize(
    ("seconds", "lanes"), [(0.0, MOST_AHEAD), (0.001, MOST_AHEAD), (0.1, 40), (4.0, 1), (15.0, 0)]
)
def test_half_a_second_of_work_is_kept_in_hand_and_never_more_than_the_most(
    seconds: float, lanes: int
) -> None:
    assert after((1, seconds)).lanes_ahead(8) == lanes


def test_lanes_of_many_events_count_for_more_work() -> None:
    assert after((10, 1.0)).lanes_ahead(8) == after((1, 1.0)).lanes_ahead(8) == 4


def test_one_that_begins_to_hang_is_known_to_be_slow_after_one_turn() -> None:
    pace = after(*[(1, 0.001)] * 50)
    assert pace.lanes_ahead(8) == MOST_AHEAD

    pace.ran(events=1, seconds=15.0, size=100)
    assert pace.lanes_ahead(8) == 1


def test_one_that_recovers_is_trusted_again() -> None:
    pace = after((1, 15.0), *[(1, 0.001)] * 50)

    assert pace.lanes_ahead(8) == MOST_AHEAD


def test_a_turn_without_a_try_says_nothing() -> None:
    assert after((1, 15.0), (0, 0.0), (0, 0.0)).lanes_ahead(8) == after((1, 15.0)).lanes_ahead(8)


def test_no_more_of_a_lane_is_loaded_than_can_be_delivered_soon() -> None:
    assert Pace().events_ahead(20) == 20, "not known yet"
    assert after((1, 0.001)).events_ahead(20) == 20
    assert after((1, AHEAD_SECONDS / 4)).events_ahead(20) == 4
    assert after((1, 15.0)).events_ahead(20) == 1


def test_large_events_make_fewer_lanes() -> None:
    assert after((1, 0.0), size=1000).lanes_within(10_500) == 10
    assert after((1, 0.0), size=8_000_000).lanes_within(100) == 1
    assert Pace().lanes_within(100) == MOST_AHEAD
