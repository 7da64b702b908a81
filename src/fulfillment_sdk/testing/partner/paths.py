"""The ways through a case's life that tests take most, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from fulfillment_sdk import lifecycle
from fulfillment_sdk.configuration.toml_file import nearest
from fulfillment_sdk.errors import ConfigurationError, IllegalTransition
from fulfillment_sdk.lifecycle import (
    ALLOCATED,
    CANCELLED,
    IN_PAYMENT_CYCLE,
    IN_PROGRESS,
    NEW,
    PAYMENT_COMPLETE,
    PENDING_ALLOCATION,
    QC_PASSED,
    QC_REJECTED,
    QC_REWORK,
    REPORTED,
    SUBMITTED,
    CaseStatus,
)

_WORK: Final = (ALLOCATED, IN_PROGRESS, SUBMITTED)

PATHS: Final[Mapping[str, tuple[CaseStatus, ...]]] = {
    "happy": (NEW, *_WORK, QC_PASSED),
    "rework": (NEW, *_WORK, QC_REWORK, IN_PROGRESS, SUBMITTED, QC_PASSED),
    "rejected": (NEW, *_WORK, QC_REJECTED, CANCELLED),
    "reverified": (NEW, *_WORK, QC_REJECTED, PENDING_ALLOCATION, *_WORK, QC_PASSED),
    "declined": (NEW, ALLOCATED, PENDING_ALLOCATION, *_WORK, QC_PASSED),
    "withdrawn": (NEW, ALLOCATED, IN_PROGRESS, PENDING_ALLOCATION, *_WORK, QC_PASSED),
    "cancelled": (NEW, CANCELLED),
    "paid": (NEW, *_WORK, QC_PASSED, REPORTED, IN_PAYMENT_CYCLE, PAYMENT_COMPLETE),
}
"""Each from a case's beginning to where it ends."""


def ahead(
    path: str | Iterable[str], *, status: str, until: str | None = None
) -> Sequence[CaseStatus]:
    """Return the statuses that a case has yet to go through, all of them legal steps.

    Args:
        path: a name of `PATHS`, which goes on behind the first place where it is at `status`; or
            statuses, to be taken one after the other.
        status: where the case is.
        until: the first status at which to stop; None for the path's end.

    Raises:
        ConfigurationError: there is no such path, or it does not come by `status` or `until`.
        IllegalTransition: the lifecycle has no such step.
    """
    if isinstance(path, str):
        known = _named(path)
        if status not in known:
            raise ConfigurationError(
                f"The path {path} does not come by {status}, where the case is",
                remedy="Give the statuses themselves, as a list.",
            )
        steps = list(known[known.index(CaseStatus(status)) + 1 :])
    else:
        steps = [CaseStatus(word) for word in path]
    if until is not None:
        if until not in steps:
            meant = None if until in lifecycle.STATUSES else nearest(until, steps)
            raise ConfigurationError(
                f"The way from {status} does not come by {until}",
                remedy=f"Did you mean {meant}?"
                if meant
                else f"It comes by {', '.join(steps) or 'nothing more'}.",
            )
        steps = steps[: steps.index(CaseStatus(until)) + 1]
    for before, after in pairwise((status, *steps)):
        if lifecycle.find(before, after) is None:
            raise IllegalTransition(before, after)
    return steps


def _named(path: str) -> tuple[CaseStatus, ...]:
    if path in PATHS:
        return PATHS[path]
    near = nearest(path, PATHS)
    raise ConfigurationError(
        f"There is no path {path}" + (f". Did you mean {near}?" if near else ""),
        remedy=f"Known are: {', '.join(PATHS)}.",
    )
