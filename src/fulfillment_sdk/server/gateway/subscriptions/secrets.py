"""Which secrets sign for a subscription while a new one takes over (contract, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve

from fulfillment_sdk.plugins.webhooks.live_secrets import LiveSecret

GRACE: Final = 86_400.0
"""Seconds for which an old secret goes on signing beside the new one."""

MOST: Final = 3
"""Secrets that sign at once: a third rotation within the time ends the oldest."""


def rotated(secrets: Sequence[LiveSecret], new: str, *, now: float) -> tuple[LiveSecret, ...]:
    """Return the secrets, newest first, once ``new`` is the first of them at ``now``.

    The others have their end in ``GRACE`` seconds, or where they had it. A call that comes again
    with the secret that is the newest already changes nothing.
    """
    live = [one for one in secrets if one.signs(now)]
    if live and live[0] == LiveSecret(new):
        return tuple(live)
    ends = now + GRACE
    old = [
        evolve(one, until=ends if one.until is None else min(one.until, ends))
        for one in live
        if one.secret != new
    ]
    return (LiveSecret(new), *old[: MOST - 1])


def old_until(secrets: Sequence[LiveSecret], *, now: float) -> float | None:
    """Return when the last of the old secrets ends; ``None`` where none signs any more."""
    ends = [one.until for one in secrets if one.until is not None and one.signs(now)]
    return max(ends, default=None)
