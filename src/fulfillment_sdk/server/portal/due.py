"""When a case's timer fires, and what it then does (contract, section 3, rows 5, 10 and 17)."""

from __future__ import annotations

import re

import attrs

from fulfillment_sdk import lifecycle
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.lifecycle import Actor, CaseStatus, Transition
from fulfillment_sdk.times import parse_time

_EPOCH = re.compile(r"\d{9,10}(\.\d{1,6})?", re.ASCII)
_YEAR_10000 = 253_402_300_799.0  # with its last second: fractions there round up to what is no date
_HOURS = re.compile(r"\d{1,5}(\.\d{1,6})?", re.ASCII)


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long a worker has to accept a case, or to begin its rework, in seconds."""

    acceptance: float
    rework: float


def timer_step(status: str | None) -> tuple[Transition, str] | None:
    """Return the row that the timer takes out of a status, with its reason; ``None`` for none."""
    for row in lifecycle.steps_from(status):
        reason = row.reason_for(Actor.TIMER)
        if reason is not None:
            return row, reason
    return None


def due_at(
    status: CaseStatus, *, now: float, timeouts: Timeouts, tat_due_at: float | None
) -> float | None:
    """Return when the timer of a status entered ``now`` fires, ``None`` where it has none."""
    if status == lifecycle.ALLOCATED:
        return now + timeouts.acceptance
    if status == lifecycle.QC_REWORK:
        return now + timeouts.rework
    return tat_due_at if status == lifecycle.IN_PROGRESS else None


def turnaround(request: dict[str, object], *, created_at: float) -> float | None:
    """Return when the turn-around time that a partner asked for ends, in epoch seconds.

    That is ``verification.due_at``, else ``tat_hours`` from ``starts_at`` or the creation on.
    ``None`` where nothing was asked for, or nothing that can be read as a time from 1970 to 9999:
    these fields are the partner's own, and a case is not refused for them.
    """
    verification = request.get("verification")
    if not isinstance(verification, dict):
        return None
    due = _agreed(verification, created_at)
    return due if due is not None and 0 <= due < _YEAR_10000 else None


def _agreed(verification: dict[str, object], created_at: float) -> float | None:
    due = _time(verification.get("due_at"))
    if due is not None:
        return due
    hours = str(verification.get("tat_hours", "")).strip()
    if not _HOURS.fullmatch(hours) or float(hours) == 0:
        return None
    begins = _time(verification.get("starts_at"))
    return (created_at if begins is None else begins) + float(hours) * 3600


def _time(value: object) -> float | None:
    text = str(value).strip() if isinstance(value, str | int) else ""
    if _EPOCH.fullmatch(text):
        return float(text)
    try:
        return parse_time(text).timestamp()
    except PayloadError:
        return None
