"""What is said of a sink's outcomes, and of what its peer has then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from fulfillment_sdk.relay import Delivered, Event, Outcome, Reject, Retry
from fulfillment_sdk.testing.contract.workbench import fail


def must_be_delivered(outcomes: Iterable[Outcome]) -> None:
    """Nothing stood in the way of these events."""
    for outcome in outcomes:
        if not isinstance(outcome, Delivered):
            fail(
                f"Nothing is wrong with the event or the peer, and deliver returned {outcome}.",
                "Return Delivered() once the peer has the event; types says which types of event "
                "the sink passes on.",
            )


def must_be_settled(outcomes: Iterable[Outcome], what: str) -> None:
    """Taken or refused, but not to be tried again."""
    for outcome in outcomes:
        if isinstance(outcome, Retry):
            fail(
                f"For {what} deliver returned {outcome}: tried for a day, its case waiting.",
                "What won't be otherwise later is a Reject(why), what is not for this sink "
                "Delivered(note).",
            )


def must_be_tried_again(answer: Outcome | Exception) -> None:
    """The peer was away."""
    if isinstance(answer, Delivered):
        fail(
            "The peer was away, and deliver returned Delivered: the event is lost.",
            "Return it only once the peer has said that it has the event.",
        )
    if isinstance(answer, Reject):
        fail(
            f"The peer was away, and deliver returned {answer}: nobody tries again.",
            "A peer comes back: return Retry(why).",
        )


def must_have(received: Iterable[str], sent: Sequence[Event], *, once: bool) -> None:
    """The peer has each of these events, and where it should only once."""
    counts = Counter(received)
    if missing := [one.id for one in sent if not counts[one.id]]:
        fail(
            f"deliver returned Delivered for {len(sent)} events, and the peer lacks "
            f"{len(missing)}: {', '.join(missing[:3])}.",
            "Return Delivered() only once the peer has the event, and look whether "
            "peer_received() returns the events' ids.",
        )
    if once and (twice := [one.id for one in sent if counts[one.id] > 1]):
        fail(
            f"The peer has {twice[0]} {counts[twice[0]]} times.",
            "After a crash a delivery may come again: let delivery.id be the key that the peer "
            "knows it by. Where it gets that id along and tells by it, set once = False.",
        )
