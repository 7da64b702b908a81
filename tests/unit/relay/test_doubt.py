"""What was in hand when a process ended goes on, goes alone, or waits, by what is proved."""

from __future__ import annotations

import pytest

from fulfillment_sdk.relay.doubt import (
    ALONE,
    COUNTED,
    LEAST_PAUSES,
    Doubted,
    closed,
    next_alone,
    pause_after,
)

NOW = 1_800_000_000.0
LATER = NOW + 60


def lane(
    number: int, no: int = 1, *, due: float = NOW, lost: int = ALONE, counted: bool = False
) -> Doubted:
    return Doubted(no, number, due, lost, counted)


def test_without_doubt_nothing_is_closed_and_nothing_goes_alone() -> None:
    assert closed([]) == set()
    assert next_alone([], NOW, {1}) is None


def test_a_destination_waits_until_it_is_known_which_of_its_cases_it_was() -> None:
    assert closed([lane(1), lane(2, no=2, counted=True)]) == {1}


def test_one_bad_case_holds_up_no_other() -> None:
    assert closed([lane(1, counted=True, due=LATER)]) == set()


def test_two_bad_cases_are_the_destinations_doing() -> None:
    assert closed([lane(1, counted=True, due=LATER), lane(2, counted=True, due=LATER)]) == {1}


def test_what_nothing_is_proved_against_goes_before_what_failed_already() -> None:
    bad, other = lane(1, counted=True, due=NOW - 60), lane(2, no=2)

    assert next_alone([bad, other], NOW, {1, 2}) == other
    assert next_alone([bad], NOW, {1, 2}) == bad


def test_what_is_only_to_be_recorded_goes_first() -> None:
    ended, other = lane(1, lost=COUNTED), lane(2, no=2, due=NOW - 60)

    assert next_alone([other, ended], NOW, {1, 2}) == ended


def test_a_destination_that_is_known_for_it_is_asked_by_its_own_failed_tries_alone() -> None:
    waiting = [lane(1, counted=True, due=LATER), lane(2, counted=True, due=LATER + 1)]
    untried = lane(3)

    assert next_alone([*waiting, untried], NOW, {1}) is None
    assert next_alone([*waiting, untried], LATER, {1}) == waiting[0]


def test_a_second_case_is_tried_while_the_first_one_waits() -> None:
    first, second = lane(1, counted=True, due=LATER), lane(2)

    assert next_alone([first, second], NOW, {1}) == second


def test_beside_one_that_hangs_goes_none_that_has_failed_this_way() -> None:
    bad, other = lane(1, counted=True), lane(2, no=2)
    ended = lane(3, no=3, lost=COUNTED, counted=True)

    assert next_alone([bad, other], NOW, {1, 2}, beside=True) == other
    assert next_alone([bad], NOW, {1}, beside=True) is None
    assert next_alone([ended], NOW, {3}, beside=True) == ended, "it is only recorded"


def test_nothing_goes_before_it_is_due_nor_to_a_destination_that_takes_nothing() -> None:
    assert next_alone([lane(1, due=LATER)], NOW, {1}) is None
    assert next_alone([lane(1)], NOW, {2}) is None


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5.0), (2, 30.0), (6, 3600.0), (99, 3600.0)])
def test_pauses_grow_whatever_the_policy(attempt: int, seconds: float) -> None:
    assert pause_after(attempt) == seconds == LEAST_PAUSES[min(attempt, 6) - 1]
