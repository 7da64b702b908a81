"""What to do after an attempt, decided without a clock, a store or a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import attrs

from fulfillment_sdk.relay.outcome import Delivered, Outcome, Reject

# Contract, section 4: seconds before each try, the leading 0 included.
DEFAULT_SCHEDULE = (0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0)


def _delays(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


LONGEST_DELAY = 366 * 86_400.0
"""What a policy may ask for, in seconds: a time after that can't be told from never."""


def _limits(value: Sequence[float] | None) -> tuple[float, int] | None:
    if value is None:
        return None
    seconds, attempts = value
    if not math.isfinite(attempts):
        raise ValueError("A retry policy's disable_after needs a number of attempts")
    return float(seconds), int(attempts)


def _is_delay(seconds: float) -> bool:
    return 0 <= seconds <= LONGEST_DELAY


@attrs.frozen
class RetryPolicy:
    """How long and how often a destination is tried.

    Args:
        schedule: seconds before the first try, the second, and so on, each 0 to a year; not
            empty.
        jitter: each delay varies by this share either way, 0 to 1.
        reject_tries: tries after which a refused event is given up.
        endless: go on with the last delay for ever, instead of giving up.
        disable_after: (seconds, attempts) without a success, both reached, after which the
            destination is disabled; None for never.

    Raises:
        ValueError: a number is out of its bounds, or none; the message names the field.
    """

    schedule: tuple[float, ...] = attrs.field(default=DEFAULT_SCHEDULE, converter=_delays)
    jitter: float = attrs.field(
        default=0.2, validator=[attrs.validators.ge(0), attrs.validators.le(1)]
    )
    reject_tries: int = attrs.field(
        default=1, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)]
    )
    endless: bool = False
    disable_after: tuple[float, int] | None = attrs.field(default=None, converter=_limits)

    @schedule.validator
    def _check(self, _attribute: object, value: tuple[float, ...]) -> None:
        if not value or not all(_is_delay(delay) for delay in value):
            raise ValueError("A retry policy's schedule needs delays of 0 seconds to a year")

    @disable_after.validator
    def _check_limits(self, _attribute: object, value: tuple[float, int] | None) -> None:
        if value is not None and not (_is_delay(value[0]) and value[1] >= 1):
            raise ValueError(
                "A retry policy's disable_after needs 0 seconds to a year, and 1 attempt or more"
            )

    @classmethod
    def endless_backoff(
        cls, first: float = 1.0, maximum: float = 60.0, *, jitter: float = 0.2
    ) -> Self:
        """Return the policy that never gives up: at once, then `first` doubling to `maximum`.

        Raises:
            ValueError: `first` is not above 0 seconds, or `maximum` is below it.
        """
        if not 0 < first <= maximum:
            raise ValueError("A back-off begins above 0 seconds and does not shrink")
        schedule, delay = [0.0], first
        while delay < maximum:
            schedule.append(delay)
            delay *= 2
        return cls(schedule=(*schedule, maximum), jitter=jitter, endless=True)

    def delay_before(self, attempt: int) -> float:
        """Return the seconds before try number `attempt` (1 is the first), without jitter."""
        return self.schedule[min(attempt, len(self.schedule)) - 1]


def given_up(policy: RetryPolicy, *, failing_since: float, attempts: int, now: float) -> bool:
    """Tell whether a destination has failed long and often enough to be disabled.

    Args:
        policy: the destination's.
        failing_since: epoch seconds of the first failure after its last success.
        attempts: failures since then.
        now: epoch seconds.
    """
    if policy.disable_after is None:
        return False
    seconds, most = policy.disable_after
    return attempts >= most and now - failing_since >= seconds


@attrs.frozen
class Settle:
    """The event has arrived."""


@attrs.frozen
class Again:
    """Try once more at `at` (epoch seconds)."""

    at: float
    why: str


@attrs.frozen
class Dead:
    """Give the event up, and let those behind it go on."""

    why: str


@attrs.frozen
class Disable:
    """Keep the event, and send this destination nothing until somebody enables it."""

    why: str


Decision = Settle | Again | Dead | Disable


def schedule(
    policy: RetryPolicy, attempt: int, outcome: Outcome, now: float, *, random: float = 0.5
) -> Decision:
    """Decide what follows try number `attempt`.

    Args:
        policy: the destination's.
        attempt: 1 for the first.
        outcome: what the sink said.
        now: epoch seconds.
        random: uniform in [0, 1), spreads the delays; 0.5 leaves them as they are.
    """
    if isinstance(outcome, Delivered):
        return Settle()
    if isinstance(outcome, Reject):
        if outcome.disable:
            return Disable(outcome.why)
        after, last = None, attempt >= policy.reject_tries
    else:
        after, last = outcome.after, attempt >= len(policy.schedule) and not policy.endless
    if last:
        return Dead(outcome.why)
    delay = policy.delay_before(attempt + 1) * (1 + policy.jitter * (2 * random - 1))
    if after is not None:
        # Honoured up to the delay after next, so that nobody can park a case for a year.
        delay = max(delay, min(after, policy.delay_before(attempt + 2)))
    return Again(now + delay, outcome.why)
