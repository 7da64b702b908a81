"""The place of an event in its case (contract, sections 3 and 4, "Receiver")."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver.cases.judge import MOST_HELD, Rules
from fulfillment_sdk.receiver.cases.state import MOST_HOLES, Hole
from tests.unit.receiver.cases.facts import STEPS, Case, news, step

WINDOW = 30.0
STRANGE = "impossible_step"


# -- whatever the order --------------------------------------------------------------------------


@st.composite
def arrivals(draw: st.DrawFn) -> list[int]:
    """A case's events in any order, some of them several times."""
    numbers = list(range(1, draw(st.integers(1, len(STEPS))) + 1))
    again = draw(st.lists(st.sampled_from(numbers), max_size=6))
    return draw(st.permutations(numbers + again))


@given(arrivals(), st.booleans())
def test_within_the_window_each_is_seen_once_and_in_order_whatever_the_order(
    order: list[int], known_by_another: bool
) -> None:
    case = Case(Rules(opening=WINDOW))
    for place, number in enumerate(order):
        copy = f"evt_{number}_{place}" if known_by_another and number in order[:place] else ""
        case.take(step(number, copy), now=place * WINDOW / len(order))
    case.wait(WINDOW * 0.99)

    assert case.numbers == list(range(1, max(order) + 1))
    assert set(case.anomalies.values()) == {None}
    assert case.state.status == STEPS[max(order) - 1]
    assert (case.state.held, case.state.holes, case.gaps) == ((), (), [])


@given(arrivals())
def test_behind_the_first_that_was_seen_the_rest_is_in_order(order: list[int]) -> None:
    case = Case()
    case.take_all(step(number) for number in order)

    first = order[0]
    behind = [number for number in case.numbers if number and number >= first]
    assert behind == list(range(first, max(order) + 1))
    assert sorted(filter(None, case.numbers)) == list(range(1, max(order) + 1))
    assert case.state.status == STEPS[max(order) - 1]
    late = {number for number in range(1, first) if case.anomalies[f"evt_{number}"] == "late"}
    assert late == set(range(1, first))


@given(
    arrivals(),
    st.sets(st.integers(1, len(STEPS))),
    st.lists(st.floats(0, 20), min_size=20, max_size=20),
    st.sampled_from([0.0, 5.0, WINDOW]),
)
def test_after_the_window_nothing_is_lost_whatever_is_missing_and_however_late(
    order: list[int], dropped: set[int], pauses: list[float], opening: float
) -> None:
    case = Case(Rules(window=WINDOW, opening=opening))
    came = [number for number in order if number not in dropped]
    now = 0.0
    for number, pause in zip(came, pauses, strict=False):
        now += pause
        case.wait(now)
        case.take(step(number), now)
    case.wait(now + WINDOW)

    assert sorted(filter(None, case.numbers)) == sorted(set(came))
    assert case.state.held == ()
    in_time = [one.sequence for one in case.seen if case.anomalies[one.event_id] != "late"]
    assert in_time == sorted(filter(None, in_time))
    if came:
        assert case.state.status == STEPS[max(came) - 1]
        missing = set(range(min(came), max(came))) - set(came)
        told = {n for hole in case.state.missing() for n in range(hole.first, hole.last + 1)}
        assert {n for n in told if n > came[0]} == {n for n in missing if n > came[0]}


@given(arrivals(), st.sets(st.integers(1, len(STEPS))))
def test_a_filtered_subscription_neither_holds_nor_reports(
    order: list[int], dropped: set[int]
) -> None:
    case = Case(Rules(filtered=True, opening=WINDOW))
    came = [number for number in order if number not in dropped]
    case.take_all(step(number) for number in came)

    assert case.numbers == list(dict.fromkeys(came))
    assert (case.state.held, case.gaps, case.state.missing()) == ((), [], ())
    assert set(case.anomalies.values()) <= {None, "late"}
    assert "held" not in [verdict.outcome for verdict in case.verdicts]


@given(
    arrivals(),
    st.sets(st.integers(1, len(STEPS))),
    st.lists(st.sampled_from([Rules(), Rules(opening=5.0), Rules(filtered=True), Rules(window=0)])),
)
def test_whatever_the_rules_become_meanwhile_nothing_is_lost_and_nothing_seen_twice(
    order: list[int], dropped: set[int], rules: list[Rules]
) -> None:
    case = Case()
    came = [number for number in order if number not in dropped]
    for place, number in enumerate(came):
        case.rules = rules[place] if place < len(rules) else case.rules
        case.take(step(number), now=float(place))
    case.wait(len(came) + WINDOW)

    assert sorted(filter(None, case.numbers)) == sorted(set(came))
    assert case.state.held == ()
    in_time = [one.sequence for one in case.seen if case.anomalies[one.event_id] != "late"]
    assert in_time == sorted(filter(None, in_time))
    assert set(case.anomalies.values()) <= {None, "gap", "late"}


# -- one after the other --------------------------------------------------------------------------


def test_the_first_event_seen_sets_the_baseline_and_nothing_before_it_is_missed() -> None:
    case = Case()

    verdict = case.take(step(5))

    assert verdict is not None
    assert (verdict.outcome, verdict.anomaly, verdict.gaps) == ("baseline", None, ())
    assert (case.state.next, case.state.status) == (6, "qc_rework")
    assert case.state.missing() == ()


def test_an_event_waits_for_the_one_before_it_and_goes_out_with_it() -> None:
    case = Case()
    case.take_all([step(1), step(3), step(4)], now=100.0)

    assert case.numbers == [1]
    assert [verdict.until for verdict in case.verdicts] == [None, 130.0, 130.0]
    assert case.state.missing() == (Hole(2, 2),)
    case.take(step(2), now=129.0)
    assert case.numbers == [1, 2, 3, 4]
    assert case.gaps == []


def test_at_the_windows_end_a_gap_is_reported_and_what_waited_goes_out_flagged() -> None:
    case = Case()
    case.take_all([step(1), step(4), step(5)], now=100.0)
    case.wait(129.9)
    assert case.numbers == [1]

    case.wait(130.0)

    assert case.numbers == [1, 4, 5]
    assert case.gaps == [Hole(2, 3, reported=True)]
    assert case.anomalies == {"evt_1": None, "evt_4": "gap", "evt_5": None}
    assert case.state.missing() == (Hole(2, 3, reported=True),)


def test_what_has_a_smaller_number_goes_out_with_the_one_whose_window_is_over() -> None:
    case = Case()
    case.take(step(1), now=0.0)
    case.take(step(6), now=1.0)
    case.take(step(3), now=20.0)

    case.wait(31.0)

    assert case.numbers == [1, 3, 6]
    assert case.gaps == [Hole(2, 2, reported=True), Hole(4, 5, reported=True)]


def test_what_is_behind_another_gap_waits_on() -> None:
    case = Case()
    case.take(step(1), now=0.0)
    case.take(step(3), now=1.0)
    case.take(step(6), now=20.0)

    case.wait(31.0)

    assert case.numbers == [1, 3]
    assert [held.sequence for held in case.state.held] == [6]
    case.wait(50.0)
    assert case.numbers == [1, 3, 6]


def test_a_late_event_fills_its_gap_and_does_not_set_the_case_back() -> None:
    case = Case()
    case.take_all([step(1), step(4)], now=0.0)
    case.wait(30.0)

    verdict = case.take(step(3), now=60.0)

    assert verdict is not None
    assert (verdict.outcome, verdict.anomaly) == ("late", "late")
    assert case.numbers == [1, 4, 3]
    assert case.state.status == "submitted"
    assert case.state.missing() == (Hole(2, 2, reported=True),)


def test_a_late_event_moves_a_case_of_which_nothing_later_says_where_it_stands() -> None:
    case = Case()
    case.take_all([step(1), news(3)], now=0.0)
    case.wait(30.0)
    assert case.state.status == "new"

    case.take(step(2), now=60.0)

    assert case.state.status == "allocated"
    odd = attrs.evolve(step(4), previous="new", status="cancelled")
    case.take(odd, now=60.0)
    assert case.anomalies == {"evt_1": None, "evt_3": "gap", "evt_2": "late", odd.event_id: STRANGE}


def test_a_step_is_not_odd_where_the_one_before_it_is_missing_behind_some_that_say_nothing() -> (
    None
):
    case = Case()
    case.take_all([step(1), news(3)], now=0.0)
    case.wait(30.0)

    case.take(attrs.evolve(step(3), event_id="evt_4", sequence=4), now=60.0)

    assert case.anomalies["evt_4"] is None
    assert case.state.status == "in_progress"


def test_the_same_fact_under_another_id_is_not_passed_on_twice() -> None:
    case = Case()
    case.take_all([step(1), step(2), step(2, "evt_other"), step(4), step(4, "evt_again")])

    assert [one.event_id for one in case.seen] == ["evt_1", "evt_2"]
    assert [one.outcome for one in case.verdicts][2:] == ["stale", "held", "stale"]
    case.take(step(3))
    assert case.numbers == [1, 2, 3, 4]


def test_another_fact_under_a_known_number_is_passed_on_and_flagged() -> None:
    case = Case()
    case.take_all([step(1), step(2), step(3)])

    other = attrs.evolve(step(3, "evt_x"), previous="allocated", status="cancelled")
    verdict = case.take(other)

    assert verdict is not None
    assert (verdict.outcome, verdict.anomaly) == ("applied", "same_number")
    assert case.seen[-1] == other
    assert case.state.status == "in_progress"


def test_two_facts_of_one_number_that_both_wait_are_both_passed_on() -> None:
    case = Case()
    other = attrs.evolve(step(3, "evt_x"), transition_id="trn_x")
    case.take_all([step(1), step(3), other, step(2)])

    assert [one.event_id for one in case.seen] == ["evt_1", "evt_2", "evt_3", "evt_x"]
    assert case.anomalies["evt_x"] == "same_number"


def test_a_known_number_of_which_nothing_is_recorded_any_more_is_done_with() -> None:
    case = Case()
    case.take_all([step(1), step(2)])
    case._record.clear()

    verdict = case.take(step(2, "evt_x"))

    assert verdict is not None
    assert verdict.outcome == "stale"


def test_events_without_numbers_are_taken_as_they_come_each_transition_once() -> None:
    case = Case()
    facts = [attrs.evolve(step(n), sequence=None) for n in (1, 2, 3)]
    case.take_all([*facts, attrs.evolve(facts[2], event_id="evt_again")])

    assert [one.event_id for one in case.seen] == ["evt_1", "evt_2", "evt_3"]
    assert case.state.status == "in_progress"
    assert case.verdicts[-1].outcome == "stale"


def test_without_numbers_a_step_is_odd_that_does_not_begin_where_the_case_stood() -> None:
    case = Case()
    case.take_all([attrs.evolve(step(n), sequence=None) for n in (1, 2, 4)])

    assert case.anomalies == {"evt_1": None, "evt_2": None, "evt_4": STRANGE}


def test_one_without_a_number_does_not_move_a_case_that_counts() -> None:
    case = Case()
    case.take(step(3))
    case.take(attrs.evolve(step(2), sequence=None))

    assert case.state.status == "in_progress"
    assert len(case.seen) == 2


def test_the_first_one_with_a_number_is_not_judged_by_those_without() -> None:
    case = Case()
    case.take_all([attrs.evolve(step(3), sequence=None), step(1)])

    assert set(case.anomalies.values()) == {None}
    assert case.state.status == "new"


def test_with_an_opening_the_first_one_waits_for_what_it_overtook() -> None:
    case = Case(Rules(opening=2.0))
    case.take(step(2), now=0.0)
    assert case.seen == []
    assert case.state.missing() == ()  # it may be the first for good
    case.take(step(1), now=1.0)
    assert case.numbers == [1, 2]


def test_without_it_nobody_misses_what_was_before_an_openings_end() -> None:
    case = Case(Rules(opening=2.0))
    case.take_all([step(5), step(4)], now=0.0)

    case.wait(2.0)

    assert case.numbers == [4, 5]
    assert (case.gaps, case.state.missing()) == ([], ())
    assert set(case.anomalies.values()) == {None}


def test_what_waited_under_stricter_rules_goes_first_and_unflagged_once_they_are_filtered() -> None:
    case = Case()
    case.take_all([step(1), step(4), step(8)])
    case.rules = Rules(filtered=True)

    case.take(step(6))

    assert case.numbers == [1, 4, 6]
    assert set(case.anomalies.values()) == {None}
    assert (case.gaps, case.state.missing()) == ([], (Hole(7, 7),))
    case.take(step(7))
    assert case.numbers == [1, 4, 6, 7, 8]


@pytest.mark.parametrize("filtered", [False, True])
def test_what_waited_as_the_first_goes_first_also_where_no_opening_is_any_more(
    filtered: bool,
) -> None:
    case = Case(Rules(opening=5.0))
    case.take(step(3), now=0.0)
    case.rules = Rules(filtered=filtered)

    case.take(step(4), now=1.0)
    case.wait(5.0)

    assert case.numbers == [3, 4]
    assert set(case.anomalies.values()) == {None}


def test_a_window_of_nothing_waits_for_nothing() -> None:
    case = Case(Rules(window=0))
    case.take_all([step(1), step(3), step(2)])

    assert case.numbers == [1, 3, 2]
    assert case.anomalies == {"evt_1": None, "evt_3": "gap", "evt_2": "late"}
    assert case.gaps == [Hole(2, 2, reported=True)]


def test_no_more_than_so_many_wait_then_the_first_goes_out() -> None:
    case = Case()
    case.take(step(1))
    numbers = [2 * n for n in range(2, MOST_HELD + 3)]
    case.take_all(map(news, numbers))

    assert len(case.state.held) == MOST_HELD
    assert case.numbers == [1, 4]
    case.wait(WINDOW)
    assert case.numbers == [1, *numbers]


def test_many_holes_are_taken_together_and_still_nothing_is_lost() -> None:
    case = Case(Rules(filtered=True))
    case.take_all(map(news, range(1, 4 * MOST_HOLES, 2)))
    assert len(case.state.holes) == MOST_HOLES

    case.take_all(map(news, range(2, 4 * MOST_HOLES, 2)))

    assert sorted(filter(None, case.numbers)) == list(range(1, 4 * MOST_HOLES))


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "30", None, True])
def test_a_window_is_a_number_of_seconds(seconds: object) -> None:
    for name in ("window", "opening"):
        with pytest.raises(ConfigurationError, match=f"The receiver's {name} is no number"):
            Rules(**{name: seconds})  # type: ignore[arg-type]
