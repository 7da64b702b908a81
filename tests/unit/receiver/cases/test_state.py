"""What is known of a case as a value, and how it is stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.receiver.cases.facts import Fact, fact_of, usual_sequence
from fulfillment_sdk.receiver.cases.state import (
    MOST_HOLES,
    CaseState,
    Hole,
    read_holes,
    written_holes,
)
from fulfillment_sdk.wire import load_event
from tests.unit.receiver.cases.conftest import body_of
from tests.unit.receiver.cases.facts import step

NUMBERS = st.integers(1, 2**63 - 1)


@given(st.lists(st.builds(Hole, NUMBERS, NUMBERS, st.booleans()), max_size=5))
def test_holes_are_read_as_they_were_written(holes: list[Hole]) -> None:
    assert read_holes(written_holes(holes)) == tuple(holes)


@given(st.sets(st.integers(1, 30), min_size=1))
def test_a_number_taken_out_of_a_hole_has_been_had_and_no_other(taken: set[int]) -> None:
    state = CaseState("new", 31, (Hole(1, 30, reported=True),))
    for number in taken:
        state = state.without(number)

    assert {n for n in range(1, 31) if state.has_had(n)} == taken
    missing = {n for hole in state.missing() for n in range(hole.first, hole.last + 1)}
    assert missing == set(range(1, 31)) - taken


def test_holes_that_late_ones_tear_into_pieces_are_not_more_than_so_many() -> None:
    state = CaseState("new", 1000, (Hole(1, 999),))
    for number in range(2, 1000, 2):
        state = state.without(number)

    assert len(state.holes) == MOST_HOLES
    assert not any(state.has_had(number) for number in range(1, 1000, 2))


@pytest.mark.parametrize("reported", [(True, False), (False, True)])
def test_holes_that_are_taken_together_are_missed_where_one_of_them_was(
    reported: tuple[bool, bool],
) -> None:
    first, other = (Hole(n, n, reported=one) for n, one in zip((1, 3), reported, strict=True))
    more = (Hole(n, n) for n in range(5, 2 * MOST_HOLES, 2))

    state = CaseState("new", 1000, (first, other, *more)).with_hole(Hole(999, 999))

    assert state.holes[0] == Hole(1, 3, reported=True)
    assert len(state.holes) == MOST_HOLES


def test_nothing_behind_the_last_has_been_had() -> None:
    assert not CaseState("new", 4).has_had(4)
    assert CaseState("new", 4).has_had(3)
    assert not CaseState().has_had(1)


def test_a_fact_is_what_the_event_says() -> None:
    assert fact_of(load_event(body_of(step(3)))) == step(3)


@pytest.mark.parametrize("sequence", [None, 0, -1, 2**63])
def test_a_number_that_no_sender_can_mean_is_none(sequence: int | None) -> None:
    assert usual_sequence(sequence) is None


def test_words_are_cut_and_made_storable() -> None:
    fact = Fact("evt_1", "case.status_changed", 1, "a\0b", "x" * 500, "trn")
    found = fact_of(load_event(body_of(fact)))

    assert (found.previous, found.status) == ("a?b", "x" * 64)
