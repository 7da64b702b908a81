"""What a sink may say of a delivery: a closed set of three."""

from __future__ import annotations

import attrs


@attrs.frozen
class Delivered:
    """The destination has the event.

    Args:
        note: a short remark for the attempt's record; no content of the event.
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
