"""The named points of an event's way at which a process is killed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from .reach import BetweenWrites, Calling, Committing, Fuse, Here, Running

Act = Literal["", "replay", "sweep", "stop"]


def fuse_at(point: str | None, hits: int) -> Fuse:
    """Have this process killed when it comes to a point for the n-th time; with None, never."""
    fuse = Fuse(point, hits)
    if point is not None:
        POINTS[point].lay(fuse)
    return fuse


@attrs.frozen
class Point:
    """How a point is reached.

    Args:
        reach: wraps what has to be wrapped.
        slow: whether sends must take long for it to be reached.
        least: the first hit that is meant.
        most: the latest hit worth waiting for: few lives have less, however writes merge.
        only: the kind of database that has this point; empty for both.
        first: the point at which an earlier life is killed, so that there is something to do here.
        act: what a life must do for it to be reached.
    """

    reach: Here | Calling | Running | Committing | BetweenWrites
    slow: bool = False
    least: int = 1
    most: int = 5
    only: str = ""
    first: str = ""
    act: Act = ""

    def lay(self, fuse: Fuse) -> None:
        """Have the fuse hit there."""
        self.reach.lay(fuse)


_LEAVE = ("fulfillment_sdk.relay.dispatching.crew", "Crew.leave")
_INTAKE = "fulfillment_sdk.relay.dispatching.intake"

POINTS: Mapping[str, Point] = {
    "in the midst of an accept": Point(Running("INSERT INTO relay_lanes")),
    # A server's transactions hold writes of one kind only, which are done in one call.
    "between the writes of one commit": Point(BetweenWrites(), most=3, only="sqlite"),
    "before the commit of an accept": Point(Committing("accept", "before")),
    "after the commit of an accept": Point(Committing("accept", "after")),
    "after an acknowledgement": Point(Here(), most=20),
    "before the commit of a claim": Point(Committing("claim", "before"), most=3),
    "after the commit of a claim": Point(Committing("claim", "after"), most=3),
    "between claim and load": Point(Calling(_INTAKE, "load", "before"), most=3),
    "between load and send": Point(Calling(_INTAKE, "load", "after"), most=3),
    "before a send": Point(Here(), most=20),
    "after a send": Point(Here(), most=20),
    "in the midst of a settlement": Point(Running("INSERT INTO relay_attempts")),
    "before the commit of a settlement": Point(Committing("settle", "before")),
    "after the commit of a settlement": Point(Committing("settle", "after")),
    "before the commit of a renewal": Point(Committing("renew", "before"), slow=True, most=2),
    "after the commit of a renewal": Point(Committing("renew", "after"), slow=True, most=2),
    "before old leases are ended": Point(
        Committing("end leases", "before"), most=1, only="sqlite", first="after a send"
    ),
    "after old leases are ended": Point(
        Committing("end leases", "after"), most=1, only="sqlite", first="after a send"
    ),
    "before the commit of a replay": Point(Committing("replay", "before"), act="replay"),
    "after the commit of a replay": Point(Committing("replay", "after"), act="replay"),
    "between two batches of a replay": Point(
        Calling("fulfillment_sdk.relay.upkeep.replay", "replay_some", "before"),
        least=2,
        act="replay",
    ),
    "before attempts are swept": Point(Committing("sweep attempts", "before"), most=3, act="sweep"),
    "before events are swept": Point(Committing("sweep events", "before"), most=3, act="sweep"),
    "after events were swept": Point(Committing("sweep events", "after"), most=3, act="sweep"),
    "before a stop's hand-back is stored": Point(Calling(*_LEAVE, "after"), most=2, act="stop"),
    "before the commit of a hand-back": Point(
        Committing("settle", "before", once=_LEAVE), most=1, act="stop"
    ),
    "after the commit of a hand-back": Point(
        Committing("settle", "after", once=_LEAVE), most=1, act="stop"
    ),
    "at the end of a stop's grace": Point(
        Calling("fulfillment_sdk.relay.dispatching.crew", "Crew.cancel", "before"),
        most=1,
        act="stop",
    ),
}
