"""What a partner is told of filters that it may have misspelt."""

from __future__ import annotations

import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.server.gateway.subscription_warnings import TYPES, warnings


def test_nothing_is_said_of_what_is_known() -> None:
    assert warnings(events=TYPES, statuses=tuple(lifecycle.STATUSES)) == []


@pytest.mark.parametrize(
    ("events", "statuses", "words"),
    [
        (
            ("case.completed", "case.statuschanged"),
            (),
            "events[1]: unknown type, did you mean case.status_changed?",
        ),
        (("case.complete",), (), "events[0]: unknown type, did you mean case.completed?"),
        ((), ("new", "qc_pased"), "statuses[1]: unknown status, did you mean qc_passed?"),
    ],
)
def test_the_nearest_known_one_is_named(
    events: tuple[str, ...], statuses: tuple[str, ...], words: str
) -> None:
    assert warnings(events=events, statuses=statuses) == [words]


def test_where_nothing_is_near_all_that_is_known_is_named() -> None:
    [about] = warnings(events=("zzz",), statuses=())
    assert about == f"events[0]: unknown type; known are {', '.join(TYPES)}"


def test_what_was_given_is_not_repeated() -> None:
    told = warnings(events=("case.hush",), statuses=("hush",))
    assert len(told) == 2
    assert "hush" not in " ".join(told)
