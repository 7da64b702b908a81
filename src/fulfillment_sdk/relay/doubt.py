"""Lanes in doubt: whoever had them ended without a word, more than once in a row.

A sink may end its process (a segfault, `os._exit`, no memory left) and would do so at every start.
Which one it was, nobody is left to say: all that was in hand is suspected, and mostly wrongly. So
one end costs nothing, as any deploy may bring one; what was in hand at two in a row goes alone; and
what was alone then, at a third, has failed: it waits as after any failed try.

One that only hangs must not keep the others waiting. When it has been alone for a moment, they go
beside it, one after the other: an end is then put down to what was alone, and they stay in doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import attrs

from fulfillment_sdk.relay.policy import DEFAULT_SCHEDULE

ALONE = 2  # ends in a row after which a lane is delivered while no other such lane is
COUNTED = 3  # after which that counts as a failed try
ALONE_SECONDS = 2.0  # after which a lane that is still under way keeps no other one waiting
MOST_COUNTED = 2  # such lanes of one destination, after which it is the destination's doing

ENDED = "the process that delivered it ended each time, or stood still"

LEAST_PAUSES = DEFAULT_SCHEDULE[1:7]
"""Seconds after each such try, at least: an end costs all destinations something."""


@attrs.frozen
class Doubted:
    """A lane in doubt.

    Args:
        no: its destination's number.
        lane: the lane.
        due_at: epoch seconds; where somebody has it, the end of the lease.
        lost: ends in a row.
        counted: whether its event has a failed try for this cause.
    """

    no: int
    lane: int
    due_at: float
    lost: int
    counted: bool


def pause_after(attempt: int) -> float:
    """Return the least seconds after try number `attempt`, if its process ended."""
    return LEAST_PAUSES[min(attempt, len(LEAST_PAUSES)) - 1]


def closed(doubted: Sequence[Doubted]) -> set[int]:
    """Return the destinations whose other lanes wait.

    One bad event holds up its own case only. Where a second case ends the process as well, or it
    is not known yet which one does, every further one would only cost one more process.
    """
    by_no = _by_destination(doubted)
    return {no for no, its in by_no.items() if _is_known(its) or not all(o.counted for o in its)}


def next_alone(
    doubted: Sequence[Doubted], now: float, among: Collection[int], *, beside: bool = False
) -> Doubted | None:
    """Return the lane to be delivered while no other one in doubt is; None if none may go now.

    First what is only to be recorded, then what nothing is proved against. A destination that is
    known for it is asked by its own failed tries alone, when these are due.

    Args:
        doubted: all lanes in doubt.
        now: epoch seconds.
        among: destinations that could take one.
        beside: whether another one hangs meanwhile; then none goes that has failed this way.
    """
    known = {no for no, its in _by_destination(doubted).items() if _is_known(its)}
    able = [
        one
        for one in doubted
        if one.due_at <= now
        and one.no in among
        and (one.lost >= COUNTED or (not beside if one.counted else one.no not in known))
    ]
    return min(able, key=lambda one: (one.lost < COUNTED, one.counted, one.due_at), default=None)


def _by_destination(doubted: Sequence[Doubted]) -> dict[int, list[Doubted]]:
    found: defaultdict[int, list[Doubted]] = defaultdict(list)
    for one in doubted:
        found[one.no].append(one)
    return found


def _is_known(its: Sequence[Doubted]) -> bool:
    return sum(one.counted for one in its) >= MOST_COUNTED
