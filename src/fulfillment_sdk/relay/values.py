"""The relay's nouns: event, destination, delivery, attempt, sink."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

import attrs

from fulfillment_sdk.relay.outcome import Outcome
from fulfillment_sdk.relay.policy import RetryPolicy

Ordering = Literal["case", "none"]
AttemptOutcome = Literal["delivered", "retry", "dead", "disabled"]

MOST_LANES = 10_000  # of one destination at once
LONGEST_TIMEOUT = 86_400.0
SLOWEST_RATE = 1e-6  # one in 12 days
FASTEST_RATE = 1e9

BY_DECLARATION = "switched off by its host"
"""Why a destination is disabled whose host declares it so; its host alone enables it again."""


def _number(
    least: float, most: float, *, whole: bool = False
) -> Callable[[object, attrs.Attribute[Any], Any], None]:
    """Return what refuses all but numbers within bounds: `nan` and `inf` are floats to Python."""

    def check(_instance: object, field: attrs.Attribute[Any], value: Any) -> None:
        kinds = int if whole else (int, float)
        known = isinstance(value, kinds) and not isinstance(value, bool)
        if not known or not least <= value <= most:
            word = "a whole number" if whole else "a number"
            raise ValueError(f"A destination's {field.name} must be {word}, {least:g} to {most:g}")

    return check


@attrs.frozen
class Event:
    """Something that happened, as the exact bytes that were signed.

    Args:
        id: the same on every retry and replay.
        type: what filters go by, such as `case.status_changed`.
        lane: what order is kept within: the case's id.
        sequence: position within the lane, where the sender counts.
        body: never shown in a repr.
        owner: whose it is; destinations of another owner don't get it.
        labels: what destinations with `only` go by. For its acceptance alone: not stored.
        only_to: the destination that it is meant for alone, whatever that one asks for; it is in no
            feed. Not stored either.
        notes: what the host has to say about it: short words, stored and shown to sinks as they
            are, beside the bytes. Nothing about a person.
    """

    id: str
    type: str
    lane: str
    sequence: int | None
    body: bytes = attrs.field(repr=False)
    owner: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict, kw_only=True, eq=False, repr=False)
    only_to: str = attrs.field(default="", kw_only=True, eq=False, repr=False)
    notes: Mapping[str, str] = attrs.field(factory=dict, kw_only=True, eq=False)


def _values(only: Mapping[str, Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in only.items()}


@attrs.frozen(kw_only=True)
class Destination:
    """Where events go.

    Args:
        name: unique and stable; what is pending is kept under it across restarts.
        sink: the kind of sink, a key of the relay's `sinks`.
        ordering: `case` delivers a lane's events strictly one after the other; `none` each alone.
        settings: handed to the sink with each delivery; JSON values; stored sealed.
        types: the event types it wants; empty for all.
        only: label -> the values it wants; of each label named, an event must have one of these.
        owner: only events of this owner; empty for those of everybody.
        policy: when it is tried again.
        concurrency: lanes under way at once, 1 to 10,000.
        timeout: seconds after which a delivery counts as failed, a day at most.
        rate: deliveries per second at most, 1e-6 to 1e9; None for as many as it takes.
        enabled: what arrives meanwhile is kept if not.
        disabled_why: what disabled it.
        created_at: epoch seconds; given by the relay.

    Raises:
        ValueError: a number is out of its bounds, or none; the message names the field.
    """

    name: str = attrs.field(kw_only=False)
    sink: str = attrs.field(kw_only=False)
    ordering: Ordering = attrs.field(
        default="case", validator=attrs.validators.in_(("case", "none"))
    )
    settings: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    types: tuple[str, ...] = attrs.field(default=(), converter=tuple[str, ...])
    only: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, converter=_values)
    owner: str = ""
    policy: RetryPolicy = attrs.field(factory=RetryPolicy)
    concurrency: int = attrs.field(default=8, validator=_number(1, MOST_LANES, whole=True))
    timeout: float = attrs.field(default=30.0, validator=_number(1e-6, LONGEST_TIMEOUT))
    rate: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(_number(SLOWEST_RATE, FASTEST_RATE))
    )
    enabled: bool = True
    disabled_why: str = ""
    created_at: float | None = None


@attrs.frozen(kw_only=True)
class Delivery:
    """One event on its way to one destination, as a sink sees it."""

    event: Event
    destination: str
    attempt: int
    settings: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    accepted_at: float = 0.0

    @property
    def id(self) -> str:
        """The event's id."""
        return self.event.id

    @property
    def type(self) -> str:
        """The event's type."""
        return self.event.type

    @property
    def lane(self) -> str:
        """The event's lane: the case's id."""
        return self.event.lane

    @property
    def sequence(self) -> int | None:
        """The event's position within its lane."""
        return self.event.sequence

    @property
    def body(self) -> bytes:
        """The bytes that were signed."""
        return self.event.body

    @property
    def notes(self) -> Mapping[str, str]:
        """What the receiving side noted about the event, such as an `anomaly`; mostly nothing."""
        return self.event.notes


class Sink(Protocol):
    """What delivers. `deliver` may be `async def`, or `def`: then it runs in a thread.

    Optional `open()` and `close()` likewise: `async def` in a loop, `def` in a thread, the one
    after the other.
    """

    def deliver(self, delivery: Delivery, /) -> Outcome | Awaitable[Outcome]:
        """Deliver one event; an exception counts as a `Retry`."""
        ...


@attrs.frozen(kw_only=True)
class Accepted:
    """What became of an event that was handed in.

    `new` is stored; `duplicate` was there already; `conflict` has a known id and other bytes, and
    is kept apart.
    """

    event_id: str
    status: Literal["new", "duplicate", "conflict"]
    deliveries: int = 0


@attrs.frozen(kw_only=True)
class Attempt:
    """One try, as it is recorded; of its event, when that was accepted (epoch seconds)."""

    destination: str
    event_id: str
    lane: str
    attempt: int
    at: float
    seconds: float
    outcome: AttemptOutcome
    why: str = ""
    sink: str = ""
    accepted_at: float | None = None
    type: str = ""


@attrs.frozen(kw_only=True)
class Undelivered:
    """An event that has not reached a destination, and why.

    `state` is `pending` or `dead`; `due_at` (epoch seconds) is None where it is dead.
    """

    destination: str
    event_id: str
    type: str
    lane: str
    state: Literal["pending", "dead"]
    attempts: int
    why: str
    due_at: float | None


@attrs.frozen(kw_only=True)
class DeadLetter:
    """A delivery that was given up, until it is replayed."""

    destination: str
    event_id: str
    type: str
    lane: str
    attempts: int
    why: str
    at: float
