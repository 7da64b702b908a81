"""What a member of staff may do: decided from the table, the role and the words asked for.

Contract, section 7: an admin may act as any actor (by default as the row's first, for that actor's
reason), everybody else only as their role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from fulfillment_sdk import lifecycle
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.server.portal.refusal import Refusal
from fulfillment_sdk.server.portal.staff import ADMIN

_REVIEW: Final = "Use POST cases/{id}/qc-reviews/ for this step"

OTHER_CALLS: Final[Mapping[str, str]] = {
    lifecycle.SUBMITTED: "Use POST cases/{id}/submissions/ with a final submission for this step",
    lifecycle.QC_PASSED: _REVIEW,
    lifecycle.QC_REJECTED: _REVIEW,
    lifecycle.QC_REWORK: _REVIEW,
}
"""The steps that need more than a status, and the call that brings it."""


@attrs.frozen
class Decision:
    """As whom and why a step is taken."""

    actor: str
    reason: str


def known_status(text: str) -> CaseStatus:
    """Return a status of the lifecycle; ``Refusal`` 400, without an echo, for anything else."""
    status = CaseStatus(text)
    if not status.known:
        raise Refusal(400, "Unknown status")
    return status


def step(
    previous: CaseStatus | None,
    to: CaseStatus,
    *,
    role: str,
    actor: str | None = None,
    reason: str | None = None,
) -> Decision:
    """Decide as whom and why somebody of ``role`` takes a step.

    Raises ``IllegalTransition`` where the table has no such step, ``Refusal`` 400 for a pair of
    actor and reason that its row does not list, 403 where the role may not act as the actor.
    """
    row = lifecycle.check(previous, to)
    if actor is None and role != ADMIN and role not in row.actors:
        raise Refusal(403, "Your role may not take this step")
    acting = actor or (row.actors[0] if role == ADMIN else role)
    chosen = reason or row.reason_for(acting)
    if chosen is None or not row.allows(acting, chosen):
        raise Refusal(400, "This step is not taken by this actor for this reason")
    if role not in (ADMIN, acting):
        raise Refusal(403, "Your role may not take this step")
    return Decision(acting, chosen)


def plain_step(
    previous: CaseStatus | None,
    to: CaseStatus,
    *,
    role: str,
    actor: str | None = None,
    reason: str | None = None,
) -> Decision:
    """Decide like ``step`` about one that needs nothing but a status.

    Raises ``Refusal`` 409 as well, for a legal step that another call takes: the message names it.
    """
    lifecycle.check(previous, to)
    if to in OTHER_CALLS:
        raise Refusal(409, OTHER_CALLS[to])
    return step(previous, to, role=role, actor=actor, reason=reason)


def allow(role: str, *roles: str) -> None:
    """Raise ``Refusal`` 403 unless ``role`` is an admin's or one of ``roles``."""
    if role != ADMIN and role not in roles:
        raise Refusal(403, "Your role may not do this")
