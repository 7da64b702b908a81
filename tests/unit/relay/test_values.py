"""What a destination may ask for: numbers that an arithmetic of times can work with."""

from __future__ import annotations

import math
from typing import Any

import pytest

from fulfillment_sdk.relay import Destination, RetryPolicy


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate", math.inf),
        ("rate", math.nan),
        ("rate", 1e-300),
        ("rate", 0),
        ("timeout", math.inf),
        ("timeout", math.nan),
        ("timeout", 1e300),
        ("timeout", 0),
        ("concurrency", math.inf),
        ("concurrency", 2.5),
        ("concurrency", 0),
        ("concurrency", True),
    ],
)
def test_a_destination_refuses_what_is_no_sensible_number_and_names_the_field(
    field: str, value: float
) -> None:
    more: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=f"A destination's {field} must be a"):
        Destination("d", "s", **more)


@pytest.mark.parametrize("delay", [math.nan, math.inf, 1e300])
def test_a_schedule_has_delays_that_end(delay: float) -> None:
    with pytest.raises(ValueError, match="A retry policy's schedule needs delays"):
        RetryPolicy((0, delay))


@pytest.mark.parametrize("limits", [(math.inf, 2), (math.nan, 2), (-1, 2), (5, math.inf), (5, 0)])
def test_the_limits_of_a_failing_destination_are_numbers(limits: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="A retry policy's disable_after needs"):
        RetryPolicy(disable_after=limits)


def test_a_policy_without_an_end_cannot_be_made_of_infinite_delays() -> None:
    with pytest.raises(ValueError, match="schedule needs delays"):
        RetryPolicy.endless_backoff(1.0, math.inf)


def test_jitter_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="jitter"):
        RetryPolicy(jitter=math.nan)


def test_the_widest_bounds_pass() -> None:
    assert Destination("d", "s", rate=1e-6, timeout=86_400, concurrency=10_000).rate == 1e-6
