"""When a request is sent again, and after which pause.

The decisions are pure: a table of what went wrong against what may be repeated (contract,
sections 2 and 6), and the arithmetic of the pause. Tenacity only carries them out.
"""

from __future__ import annotations

import enum
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Self

import attrs

from fulfillment_sdk.client.calls.call import Repeat
from fulfillment_sdk.errors import APIError, CaseNotForwarded, ConfigurationError

if TYPE_CHECKING:
    import tenacity


class NoAnswer(Exception):
    """A try that ended without an answer; it never leaves this package.

    `sent` is False where surely nothing arrived, `lasting` True where repeating can't help.
    """

    def __init__(self, why: str, *, sent: bool, lasting: bool = False, remedy: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.lasting = lasting
        self.remedy = remedy


class Failure(enum.Enum):
    """What a try came to, as far as repeating is concerned."""

    NEVER_ARRIVED = "never arrived"
    LOST = "perhaps received, no answer"
    REFUSED = "answered: not now"
    BROKEN = "answered: the server failed on the way"
    FINAL = "answered for good"


class Licence(enum.IntEnum):
    """What repeating would mean; the columns of the table."""

    HARMLESS = 0
    KEYED = 1  # the server knows the key again
    KEY_IGNORED = 2  # it may make a second case
    ONCE = 3


class Step(enum.Enum):
    """What to do after a try that failed."""

    AGAIN = "again"
    GIVE_UP = "give up"
    UNKNOWN = "the outcome is unknown"


_A, _G, _U = Step.AGAIN, Step.GIVE_UP, Step.UNKNOWN

STEPS: Final[Mapping[Failure, tuple[Step, Step, Step, Step]]] = {
    #                       HARMLESS  KEYED  KEY_IGNORED  ONCE
    Failure.NEVER_ARRIVED: (_A, _A, _A, _A),
    Failure.LOST: (_A, _A, _U, _U),
    Failure.REFUSED: (_A, _A, _G, _G),
    Failure.BROKEN: (_A, _A, _U, _G),
    Failure.FINAL: (_G, _G, _G, _G),
}

USUAL_DEADLINE: Final = 120.0

_REFUSED: Final = frozenset({408, 425, 429})
_LASTING_5XX: Final = frozenset({501, 505})
_JUDGING: Final = frozenset({400, 409, 413, 415, 422})


def failure(error: NoAnswer | APIError) -> Failure:
    """The row of the table for what a try raised."""
    if isinstance(error, NoAnswer):
        if error.lasting:
            return Failure.FINAL
        return Failure.LOST if error.sent else Failure.NEVER_ARRIVED
    if error.status in _REFUSED:
        return Failure.REFUSED
    if 500 <= error.status < 600 and error.status not in _LASTING_5XX:
        return Failure.BROKEN
    return Failure.FINAL


def licence(repeat: Repeat, *, idempotent: bool) -> Licence:
    """The column of the table; `idempotent`: the server announced that it knows keys."""
    if repeat is Repeat.SAFE:
        return Licence.HARMLESS
    if repeat is Repeat.ONCE:
        return Licence.ONCE
    return Licence.KEYED if idempotent else Licence.KEY_IGNORED


def step(what: Failure, column: Licence) -> Step:
    """What to do, while there are tries and time left."""
    return STEPS[what][column]


def settles(error: NoAnswer | APIError) -> bool:
    """Whether the end of the last try also says what came of an earlier one that got no answer.

    Only what judges the request itself does: a token that has ended meanwhile, a proxy's page or a
    bad certificate say nothing of a case that the earlier try may have made.
    """
    if isinstance(error, NoAnswer):
        return False
    return isinstance(error, CaseNotForwarded) or error.status in _JUDGING


@attrs.frozen(kw_only=True)
class Retries:
    """How often, how long and with which pauses a call is tried.

    Pauses double from `first` to `maximum` seconds, between half and all of it. A `Retry-After`
    is honoured; one of more than `longest_retry_after` ends the call, and the error carries it.
    `deadline` is in seconds over all tries and pauses, and cuts short also the first try; if it is
    not given, 120 or the client's `timeout`, whichever is longer. It limits how long an answer is
    waited for: one that goes on coming, of a large file, say, is not cut off. `sleep`, `clock`
    (monotonic seconds) and `random` (0 to 1) are for tests and simulations.
    """

    tries: int = 4
    first: float = 0.5
    maximum: float = 8.0
    longest_retry_after: float = 60.0
    deadline: float | None = None
    sleep: Callable[[float], None] = attrs.field(default=time.sleep, repr=False)
    clock: Callable[[], float] = attrs.field(default=time.monotonic, repr=False)
    random: Callable[[], float] = attrs.field(default=random.random, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.tries < 1 or min(self.first, self.maximum, self.longest_retry_after) < 0:
            raise ConfigurationError(
                "Retries: there is at least one try, and no pause is negative",
                remedy="Use Retries.off() for a single try.",
            )
        if self.deadline is not None and not self.deadline > 0:
            raise ConfigurationError(
                "Retries: the deadline is no positive number of seconds",
                remedy="Give deadline=60.0, say, or none.",
            )

    @classmethod
    def off(cls) -> Self:
        """One try, whatever happens."""
        return cls(tries=1)

    @classmethod
    def without_waiting(cls, *, tries: int = 4) -> Self:
        """The same decisions without any pause: the switch for tests."""
        return cls(tries=tries, sleep=_no_pause)

    def budget(self, *, timeout: float, patience: float = 0.0) -> float:
        """The seconds for all tries of a call together.

        `timeout` is for each of them; `patience` is how long the server was asked to wait.
        """
        asked = max(USUAL_DEADLINE, timeout) if self.deadline is None else self.deadline
        return asked + patience

    def pause(self, number: int, asked: float | None) -> float | None:
        """The seconds to wait after try `number` (from 1), or None if that was the last.

        `asked` is the server's `Retry-After`.
        """
        if number >= self.tries or (asked or 0.0) > self.longest_retry_after:
            return None
        step_size = min(self.maximum, self.first * 2.0 ** min(number - 1, 32))
        jittered = step_size * (0.5 + 0.5 * self.random())
        return jittered if asked is None else asked + 0.1 * jittered


def _no_pause(_seconds: float) -> None:
    return None


def repeating(
    again: Callable[[BaseException], float | None], retries: Retries
) -> tenacity.Retrying:
    """A loop that asks `again` after a try that raised: the pause, or None to let it through."""
    import tenacity

    pauses: list[float] = []

    def wanted(state: tenacity.RetryCallState) -> bool:
        raised = state.outcome.exception() if state.outcome else None
        pause = again(raised) if raised is not None else None
        pauses[:] = [] if pause is None else [pause]
        if raised is not None and pauses:
            raised.__traceback__ = None  # in a circle with the state, it would outlive the call
        return bool(pauses)

    return tenacity.Retrying(
        retry=wanted,
        wait=lambda _state: pauses[0],
        stop=tenacity.stop_never,
        sleep=retries.sleep,
    )
