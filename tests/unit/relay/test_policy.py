"""What follows an attempt (contract, section 4: schedule, Retry-After, three tries, 410)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry, RetryPolicy
from fulfillment_sdk.relay.policy import Again, Dead, Disable, Settle, schedule

PLAIN = RetryPolicy((0, 5, 30, 120), jitter=0.0, reject_tries=3)
ENDLESS = RetryPolicy.endless_backoff(1, 60, jitter=0.0)


@pytest.mark.parametrize(("attempt", "delay"), [(1, 5), (2, 30), (3, 120)])
def test_each_failure_waits_for_the_schedules_next_delay(attempt: int, delay: int) -> None:
    assert schedule(PLAIN, attempt, Retry("500"), 1000.0) == Again(1000.0 + delay, "500")


def test_after_the_last_try_the_event_is_given_up() -> None:
    assert schedule(PLAIN, 4, Retry("500"), 1000.0) == Dead("500")


def test_a_delivery_is_settled_whatever_came_before() -> None:
    assert schedule(PLAIN, 4, Delivered(), 1000.0) == Settle()


@pytest.mark.parametrize(("attempt", "dead"), [(1, False), (2, False), (3, True)])
def test_a_refused_event_gets_the_tries_that_the_policy_allows(attempt: int, dead: bool) -> None:
    decision = schedule(PLAIN, attempt, Reject("422"), 1000.0)

    assert isinstance(decision, Dead if dead else Again)


def test_who_wants_nothing_any_more_is_disabled_at_once() -> None:
    assert schedule(PLAIN, 1, Reject("410", disable=True), 1000.0) == Disable("410")


def test_an_endless_policy_goes_on_with_its_last_delay() -> None:
    delays = [
        decision.at
        for attempt in (1, 2, 3, 6, 7, 8, 500)
        if isinstance(decision := schedule(ENDLESS, attempt, Retry("down"), 0.0), Again)
    ]

    assert delays == [1, 2, 4, 32, 60, 60, 60]


def test_even_an_endless_policy_gives_up_what_is_refused() -> None:
    assert schedule(ENDLESS, 1, Reject("broken"), 0.0) == Dead("broken")


@pytest.mark.parametrize(
    ("after", "delay"), [(1, 5), (20, 20), (30, 30), (31, 30), (10**9, 30), (-5, 5)]
)
def test_a_wish_to_be_left_alone_is_honoured_up_to_the_delay_after_next(
    after: float, delay: float
) -> None:
    assert schedule(PLAIN, 1, Retry("429", after=after), 0.0) == Again(delay, "429")


@given(st.floats(min_value=0, max_value=1, exclude_max=True), st.integers(1, 3))
def test_jitter_keeps_within_its_share(random: float, attempt: int) -> None:
    policy = RetryPolicy((0, 5, 30, 120), jitter=0.2)
    decision = schedule(policy, attempt, Retry("500"), 0.0, random=random)

    assert isinstance(decision, Again)
    exact = policy.delay_before(attempt + 1)
    assert 0.8 * exact <= decision.at <= 1.2 * exact


def test_jitter_never_comes_before_the_time_that_was_asked_for() -> None:
    policy = RetryPolicy((0, 5, 30, 120), jitter=0.2)

    assert schedule(policy, 1, Retry("429", after=5), 0.0, random=0.0) == Again(5, "429")


OUTCOMES = st.one_of(
    st.builds(Delivered),
    st.builds(Retry, st.just("503"), st.none() | st.floats()),
    st.builds(Reject, st.just("422"), st.booleans()),
)


@given(
    delays=st.lists(st.floats(0, 1e6), min_size=1, max_size=6),
    attempt=st.integers(1, 50),
    outcome=OUTCOMES,
    endless=st.booleans(),
    random=st.floats(0, 1, exclude_max=True),
)
def test_whatever_a_sink_says_the_next_try_is_between_now_and_the_longest_delay(
    delays: list[float], attempt: int, outcome: Outcome, endless: bool, random: float
) -> None:
    policy = RetryPolicy(delays, jitter=0.2, endless=endless)
    decision = schedule(policy, attempt, outcome, 1000.0, random=random)

    assert isinstance(decision, Again | Dead | Disable | Settle)
    assert isinstance(decision, Settle) == isinstance(outcome, Delivered)
    if isinstance(decision, Again):
        assert 1000.0 <= decision.at <= 1000.0 + 1.2 * max(delays)
    if isinstance(outcome, Retry):
        assert isinstance(decision, Again) == (endless or attempt < len(delays))


@pytest.mark.parametrize("delays", [(), (0, -1)])
def test_a_schedule_that_makes_no_sense_is_refused(delays: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="schedule needs delays of 0 seconds to a year"):
        RetryPolicy(delays)


@pytest.mark.parametrize(("first", "maximum"), [(0, 60), (-1, 60), (2, 1)])
def test_a_backoff_that_would_never_end_or_shrink_is_refused(first: float, maximum: float) -> None:
    with pytest.raises(ValueError, match="above 0 seconds"):
        RetryPolicy.endless_backoff(first, maximum)
