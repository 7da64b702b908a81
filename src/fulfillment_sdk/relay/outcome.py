"""What a sink may say of a delivery: a closed set of three."""

from __future__ import annotations

import math

import attrs

from fulfillment_sdk.relay.remarks import remark


@attrs.frozen
class Delivered:
    """The destination has the event.

    Args:
        note: a short remark for the attempt's record, one line; no content of the event.
    """

    note: str = ""


@attrs.frozen
class Retry:
    """It did not work, and may work later.

    Args:
        why: a short cause; no content of the event.
        after: seconds that the destination asked to be left alone, if it did.
    """

    why: str
    after: float | None = None


@attrs.frozen
class Reject:
    """The destination refuses this event, and will refuse it again.

    Args:
        why: a short cause; no content of the event.
        disable: the destination wants nothing any more; the event is kept for when it is enabled.
    """

    why: str
    disable: bool = False


Outcome = Delivered | Retry | Reject


def tidied(outcome: Outcome) -> Outcome:
    """Return an outcome whose fields are what they are declared to be, whatever was put in.

    What it says is one line then, and what looks like a secret or a body is masked in it.
    """
    if isinstance(outcome, Delivered):
        return Delivered(remark(_text(outcome.note)))
    why = remark(_text(outcome.why))
    if isinstance(outcome, Reject):
        return Reject(why, disable=bool(outcome.disable))
    return Retry(why, after=_seconds(outcome.after))


def _text(value: object) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="replace")
    if value is None:
        return ""
    # An exception, say: its text may quote the event.
    return str(value) if isinstance(value, int | float) else type(value).__name__


def _seconds(value: object) -> float | None:
    if not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer beyond every float
        return None
