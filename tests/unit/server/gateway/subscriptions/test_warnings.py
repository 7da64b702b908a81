"""What a partner is told of filters that it may have misspelt."""

from __future__ import annotations

import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.server.gateway.subscriptions.warnings import (
    ON_CHANGE,
    ON_CREATION,
    TYPES,
    misspelt,
    warnings,
)


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


@pytest.mark.parametrize(
    ("keys", "known", "words"),
    [
        (("url", "event"), ON_CREATION, ["unknown field, did you mean events?"]),
        (("Statuses", "url"), ON_CREATION, ["unknown field, did you mean statuses?"]),
        (("enable",), ON_CHANGE, ["unknown field, did you mean enabled?"]),
        (("secret",), ON_CHANGE, []),
        (ON_CREATION, ON_CREATION, []),
        (ON_CHANGE, ON_CHANGE, []),
    ],
)
def test_a_field_that_may_be_misspelt_is_told_by_the_one_that_was_meant(
    keys: tuple[str, ...], known: tuple[str, ...], words: list[str]
) -> None:
    assert misspelt(keys, known) == words


def test_of_very_many_fields_the_first_are_looked_at() -> None:
    assert len(misspelt([f"event{n}" for n in range(10_000)], ON_CREATION)) == 20
