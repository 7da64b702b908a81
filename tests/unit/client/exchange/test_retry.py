from __future__ import annotations

import pytest

from fulfillment_sdk.client.calls.call import Repeat
from fulfillment_sdk.client.exchange.retry import (
    STEPS,
    Failure,
    Licence,
    NoAnswer,
    Retries,
    Step,
    failure,
    licence,
    repeating,
    step,
)
from fulfillment_sdk.errors import APIError, ConfigurationError


@pytest.mark.parametrize("status", [408, 425, 429])
def test_not_now_is_no_refusal_for_good(status: int) -> None:
    assert failure(APIError("", status=status)) is Failure.REFUSED


@pytest.mark.parametrize("status", [500, 502, 503, 504, 507, 599])
def test_a_server_that_fails_may_have_done_it(status: int) -> None:
    assert failure(APIError("", status=status)) is Failure.BROKEN


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 409, 410, 413, 422, 501, 505])
def test_every_other_answer_is_final(status: int) -> None:
    assert failure(APIError("", status=status)) is Failure.FINAL


def test_what_never_arrived_differs_from_what_got_lost() -> None:
    assert failure(NoAnswer("", sent=False)) is Failure.NEVER_ARRIVED
    assert failure(NoAnswer("", sent=True)) is Failure.LOST
    assert failure(NoAnswer("", sent=False, lasting=True)) is Failure.FINAL


@pytest.mark.parametrize(
    ("repeat", "idempotent", "column"),
    [
        (Repeat.SAFE, False, Licence.HARMLESS),
        (Repeat.SAFE, True, Licence.HARMLESS),
        (Repeat.KEYED, True, Licence.KEYED),
        (Repeat.KEYED, False, Licence.KEY_IGNORED),
        (Repeat.ONCE, True, Licence.ONCE),
        (Repeat.ONCE, False, Licence.ONCE),
    ],
)
def test_a_key_helps_only_where_the_server_knows_it(
    repeat: Repeat, idempotent: bool, column: Licence
) -> None:
    assert licence(repeat, idempotent=idempotent) is column


def test_the_table_covers_every_failure() -> None:
    assert set(STEPS) == set(Failure)
    assert {len(row) for row in STEPS.values()} == {len(Licence)}


@pytest.mark.parametrize("column", Licence)
def test_what_never_arrived_is_always_sent_again(column: Licence) -> None:
    assert step(Failure.NEVER_ARRIVED, column) is Step.AGAIN


@pytest.mark.parametrize("column", Licence)
def test_an_answer_for_good_is_never_asked_for_again(column: Licence) -> None:
    assert step(Failure.FINAL, column) is Step.GIVE_UP


@pytest.mark.parametrize("what", [Failure.LOST, Failure.REFUSED, Failure.BROKEN])
@pytest.mark.parametrize("column", [Licence.KEY_IGNORED, Licence.ONCE])
def test_what_may_have_arrived_is_not_sent_again_without_a_known_key(
    what: Failure, column: Licence
) -> None:
    assert step(what, column) is not Step.AGAIN


def test_the_pause_doubles_up_to_the_maximum() -> None:
    retries = Retries(tries=9, first=1, maximum=5, random=lambda: 1.0)
    assert [retries.pause(n, None) for n in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]


def test_jitter_takes_up_to_half_of_the_pause() -> None:
    assert Retries(first=4, random=lambda: 0.0).pause(1, None) == 2
    assert Retries(first=4, random=lambda: 1.0).pause(1, None) == 4


def test_a_retry_after_is_never_undercut() -> None:
    assert Retries(first=1, random=lambda: 0.0).pause(1, 30.0) == pytest.approx(30.05)


def test_too_long_a_retry_after_ends_the_tries() -> None:
    assert Retries(longest_retry_after=60).pause(1, 61.0) is None


def test_the_last_try_has_no_pause_after_it() -> None:
    assert Retries(tries=3).pause(2, None) is not None
    assert Retries(tries=3).pause(3, None) is None


def test_many_tries_do_not_overflow() -> None:
    assert Retries(tries=10**9, random=lambda: 1.0).pause(10**6, None) == 8.0


def test_a_deadline_is_what_was_given_or_else_long_enough_for_one_try() -> None:
    assert Retries(deadline=5).budget(timeout=35) == 5
    assert Retries().budget(timeout=35) == 120
    assert Retries().budget(timeout=300) == 300
    assert Retries(deadline=5).budget(timeout=35, patience=25) == 30


@pytest.mark.parametrize(
    "wrong",
    [{"tries": 0}, {"first": -1}, {"longest_retry_after": -1.0}, {"deadline": 0}, {"deadline": -1}],
)
def test_an_impossible_policy_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        Retries(**wrong)  # type: ignore[arg-type]


def test_off_is_a_single_try() -> None:
    assert Retries.off().tries == 1


def test_without_waiting_decides_alike_and_sleeps_not() -> None:
    pauses: list[float | None] = []
    retries = Retries.without_waiting(tries=3)

    def again(_error: BaseException) -> float | None:
        pauses.append(retries.pause(len(pauses) + 1, None))
        return pauses[-1]

    def fail() -> None:
        raise NoAnswer("always", sent=True)

    with pytest.raises(NoAnswer):
        repeating(again, retries)(fail)
    assert pauses[-1] is None
    assert [pause is not None and pause > 0 for pause in pauses] == [True, True, False]
