"""How many codes an hour somebody may ask for: contract, section 1."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.gateway.identity.limits import seconds_to_wait


@pytest.mark.parametrize(
    ("times", "most", "now", "wait"),
    [
        ((), 1, 0, None),
        ((), 0, 0, 3600),
        ((0,), 1, 0, 3600),
        ((0,), 1, 3599.5, 1),
        ((30, 0, 10), 3, 40, 3560),
        ((30, 0, 10), 2, 40, 3570),
        ((30, 0, 10), 4, 40, None),
    ],
)
def test_the_wait_ends_when_enough_have_left_the_hour(
    times: tuple[float, ...], most: int, now: float, wait: int | None
) -> None:
    assert seconds_to_wait(times, most, now) == wait
