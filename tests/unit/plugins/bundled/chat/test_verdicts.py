"""What a chat service's answers come to."""

from __future__ import annotations

import pytest

from fulfillment_sdk.plugins.bundled.chat.verdicts import of_service
from fulfillment_sdk.relay import Outcome, Reject, Retry

UNKNOWN = Retry("the service can't be reached, or did not take it")


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((503, 400), Retry("HTTP 503")),
        ((400, 503), Retry("HTTP 503")),
        ((400, 410), Reject("HTTP 410", disable=True)),
        ((400, 200), UNKNOWN),
        ((200,), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_of_a_url_s_rooms_one_that_may_take_it_later_has_it_tried_again(
    statuses: tuple[int, ...], outcome: Outcome
) -> None:
    assert of_service(False, statuses) == outcome
