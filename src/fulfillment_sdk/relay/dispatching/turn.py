"""A turn of the dispatcher: what it is to look for, and what it brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType

import attrs

from fulfillment_sdk.relay.doubt import Doubted
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.registry import Registered


@attrs.frozen
class Plan:
    """What a turn is to look for, as far as this process knows.

    Args:
        due: destinations with a lane due and room for it, the longest due first.
        look: whether to ask the store for others.
        idle: destinations to be looked up, since they may be gone.
        held: destinations to be looked up, since something of them is in hand, or waits for word.
        jump: seconds by which the clock was set.
        steady: when the turn began; seconds since whenever.
        sweep: whether to look for lanes too that a wrong clock has put off.
        doubting: the destinations of which a lane in doubt is in hand.
        waits: whether one of these is to be alone for a while yet.
    """

    due: Sequence[int]
    look: bool
    idle: Sequence[int]
    held: Sequence[int]
    jump: float
    steady: float
    sweep: bool = False
    doubting: AbstractSet[int] = frozenset()
    waits: bool = False


@attrs.frozen
class Turn:
    """What a turn brought.

    Args:
        claims: the lanes that are ours, each with its destination.
        now: epoch seconds by the clock that leases go by.
        found: what a look showed: destinations with something pending, and when it is due.
        took: the seconds that this look took.
        exhausted: destinations where nothing more is due, or nothing can be done about it.
        later: when the first lane comes due there, of which nothing is due now.
        gone: those that are no longer there.
        changed: those in hand that were changed.
        sweeps_on: whether there may be more lanes that a wrong clock has put off.
        doubted: all lanes in doubt.
    """

    claims: Sequence[tuple[Registered, Claim]] = ()
    now: float = 0.0
    found: Mapping[int, float] | None = None
    took: float = 0.0
    exhausted: Sequence[int] = ()
    later: Mapping[int, float] = MappingProxyType({})
    gone: Sequence[int] = ()
    changed: Sequence[Registered] = ()
    sweeps_on: bool = False
    doubted: Sequence[Doubted] = ()
