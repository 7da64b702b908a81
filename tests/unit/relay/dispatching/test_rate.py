"""A token bucket, by a clock that is handed in."""

from __future__ import annotations

import pytest

from fulfillment_sdk.relay.dispatching.rate import Bucket


def test_deliveries_are_spread_over_the_second() -> None:
    bucket = Bucket(rate=4.0)

    assert [bucket.take(100.0) for _ in range(3)] == [0.0, 0.25, 0.5]


def test_who_comes_as_a_token_does_waits_for_nothing() -> None:
    bucket = Bucket(rate=4.0)

    assert [bucket.take(100.0 + n / 4) for n in range(5)] == [0.0] * 5


@pytest.mark.parametrize(("rate", "at_once"), [(4.0, 1), (1000.0, 100)])
def test_a_pause_saves_up_a_tenth_of_a_second_and_one_token_at_least(
    rate: float, at_once: int
) -> None:
    bucket = Bucket(rate)
    bucket.take(0.0)

    taken = [bucket.take(3600.0) for _ in range(at_once + 1)]
    assert taken[:-1] == [0.0] * at_once
    assert taken[-1] > 0


def test_looking_takes_nothing() -> None:
    bucket = Bucket(rate=2.0)
    bucket.take(100.0)

    assert [bucket.wait(100.0), bucket.wait(100.0), bucket.wait(100.25)] == [0.5, 0.5, 0.25]


def test_how_many_will_come_soon_is_told() -> None:
    bucket = Bucket(rate=10.0)
    assert bucket.within(0.5, 100.0) == 6

    for _ in range(20):
        bucket.take(100.0)
    assert bucket.within(0.5, 100.0) == 0, "others wait for them"


def test_a_changed_rate_counts_from_then_on() -> None:
    bucket = Bucket(rate=1.0)
    bucket.take(100.0)
    bucket.rate = 10.0

    assert bucket.wait(100.0) == pytest.approx(0.1)
