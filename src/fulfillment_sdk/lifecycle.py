"""The life of a case: twelve statuses, one table of legal steps.

This module alone knows which step is legal, who may take it, for what reason, and what a
notification says about it. Contract, section 3; the messages are section 4's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import frozen

from fulfillment_sdk.errors import IllegalTransition


class CaseStatus(str):
    """A lifecycle status; one that this version doesn't know is kept as itself.

    It is a string like any other: ``CaseStatus("new") == "new"``. Nothing is refused, since other
    deployments have statuses of their own; ``known`` and ``final`` tell.
    """

    __slots__ = ()

    NEW: ClassVar[CaseStatus]
    ALLOCATED: ClassVar[CaseStatus]
    PENDING_ALLOCATION: ClassVar[CaseStatus]
    IN_PROGRESS: ClassVar[CaseStatus]
    SUBMITTED: ClassVar[CaseStatus]
    QC_PASSED: ClassVar[CaseStatus]
    QC_REJECTED: ClassVar[CaseStatus]
    QC_REWORK: ClassVar[CaseStatus]
    REPORTED: ClassVar[CaseStatus]
    IN_PAYMENT_CYCLE: ClassVar[CaseStatus]
    PAYMENT_COMPLETE: ClassVar[CaseStatus]
    CANCELLED: ClassVar[CaseStatus]

    @property
    def known(self) -> bool:
        """Whether it is one of the twelve documented statuses."""
        return self in STATUSES

    @property
    def final(self) -> bool:
        """Whether no step leads out of it."""
        return self in FINAL

    def __repr__(self) -> str:
        return f"CaseStatus({str.__repr__(self)})"


NEW = CaseStatus.NEW = CaseStatus("new")
ALLOCATED = CaseStatus.ALLOCATED = CaseStatus("allocated")
PENDING_ALLOCATION = CaseStatus.PENDING_ALLOCATION = CaseStatus("pending_allocation")
IN_PROGRESS = CaseStatus.IN_PROGRESS = CaseStatus("in_progress")
SUBMITTED = CaseStatus.SUBMITTED = CaseStatus("submitted")
QC_PASSED = CaseStatus.QC_PASSED = CaseStatus("qc_passed")
QC_REJECTED = CaseStatus.QC_REJECTED = CaseStatus("qc_rejected")
QC_REWORK = CaseStatus.QC_REWORK = CaseStatus("qc_rework")
REPORTED = CaseStatus.REPORTED = CaseStatus("reported")
IN_PAYMENT_CYCLE = CaseStatus.IN_PAYMENT_CYCLE = CaseStatus("in_payment_cycle")
PAYMENT_COMPLETE = CaseStatus.PAYMENT_COMPLETE = CaseStatus("payment_complete")
CANCELLED = CaseStatus.CANCELLED = CaseStatus("cancelled")

# The order in which the workflow document introduces them.
STATUSES: Final[Mapping[str, str]] = {
    NEW: "Case created, waiting to be assigned",
    ALLOCATED: "Case assigned to a worker or vendor",
    PENDING_ALLOCATION: "The previous assignment was rejected or timed out",
    IN_PROGRESS: "The worker has started working on the case",
    SUBMITTED: "The worker submitted the verification form",
    QC_PASSED: "Case completed: the quality check approved it",
    QC_REJECTED: "The quality check rejected it",
    QC_REWORK: "The quality check asked for rework",
    REPORTED: "The case's report was generated",
    IN_PAYMENT_CYCLE: "The case entered payment processing",
    PAYMENT_COMPLETE: "The payment is completed",
    CANCELLED: "The case was cancelled",
}
FINAL: Final = frozenset({PAYMENT_COMPLETE, CANCELLED})
COMPLETES: Final = QC_PASSED
COMPLETION_MESSAGE: Final = "Case completed - includes full verification data and report"


class Actor:
    """Who takes a step."""

    PARTNER: Final = "partner"
    OPS: Final = "ops"
    ENGINE: Final = "engine"
    WORKER: Final = "worker"
    TIMER: Final = "timer"
    QC: Final = "qc"
    SYSTEM: Final = "system"
    FINANCE: Final = "finance"


_PARTNER, _OPS, _ENGINE, _WORKER = Actor.PARTNER, Actor.OPS, Actor.ENGINE, Actor.WORKER
_TIMER, _QC, _SYSTEM, _FINANCE = Actor.TIMER, Actor.QC, Actor.SYSTEM, Actor.FINANCE


@frozen
class Transition:
    """One row of the table: a legal step and, in order of precedence, who may take it and why."""

    number: int
    previous: CaseStatus | None
    new: CaseStatus
    reasons: tuple[tuple[str, str], ...]
    needs: str = ""

    @property
    def actors(self) -> tuple[str, ...]:
        """The actors that may take the step, each once, the row's first one first."""
        return tuple(dict.fromkeys(actor for actor, _ in self.reasons))

    @property
    def final(self) -> bool:
        """Whether the case ends here."""
        return self.new.final

    @property
    def completes(self) -> bool:
        """Whether a completion notification follows."""
        return self.new == COMPLETES

    def allows(self, actor: str, reason: str) -> bool:
        """Whether this actor may take the step for this reason."""
        return (actor, reason) in self.reasons

    def reason_for(self, actor: str) -> str | None:
        """The first reason that the row has for this actor; None where it may not take the step."""
        return next((reason for who, reason in self.reasons if who == actor), None)


TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(1, None, NEW, ((_PARTNER, "created"),)),
    Transition(2, NEW, ALLOCATED, ((_OPS, "assigned"), (_ENGINE, "assigned")), "a worker"),
    Transition(3, NEW, CANCELLED, ((_PARTNER, "cancelled"), (_OPS, "cancelled"))),
    Transition(4, ALLOCATED, IN_PROGRESS, ((_WORKER, "work_started"),)),
    Transition(
        5,
        ALLOCATED,
        PENDING_ALLOCATION,
        ((_WORKER, "assignment_rejected"), (_TIMER, "acceptance_timeout"), (_OPS, "unassigned")),
    ),
    Transition(6, ALLOCATED, CANCELLED, ((_PARTNER, "cancelled"), (_OPS, "cancelled"))),
    Transition(
        7,
        PENDING_ALLOCATION,
        ALLOCATED,
        ((_OPS, "reassigned"), (_ENGINE, "reassigned")),
        "a worker",
    ),
    Transition(8, PENDING_ALLOCATION, CANCELLED, ((_PARTNER, "cancelled"), (_OPS, "cancelled"))),
    Transition(
        9, IN_PROGRESS, SUBMITTED, ((_WORKER, "form_submitted"),), "a final form submission"
    ),
    Transition(
        10,
        IN_PROGRESS,
        PENDING_ALLOCATION,
        ((_WORKER, "worker_withdrew"), (_OPS, "reassigned"), (_TIMER, "tat_breached")),
    ),
    Transition(11, IN_PROGRESS, CANCELLED, ((_PARTNER, "cancelled"), (_OPS, "cancelled"))),
    Transition(12, SUBMITTED, QC_PASSED, ((_QC, "approved"),), "a submission and a review"),
    Transition(13, SUBMITTED, QC_REJECTED, ((_QC, "rejected"),), "a reason code"),
    Transition(14, SUBMITTED, QC_REWORK, ((_QC, "rework"),), "instructions"),
    Transition(15, SUBMITTED, CANCELLED, ((_OPS, "cancelled"),)),
    Transition(16, QC_REWORK, IN_PROGRESS, ((_WORKER, "rework_started"),)),
    Transition(
        17,
        QC_REWORK,
        PENDING_ALLOCATION,
        ((_TIMER, "rework_timeout"), (_OPS, "reassigned"), (_WORKER, "declined")),
    ),
    Transition(18, QC_REWORK, CANCELLED, ((_OPS, "cancelled"),)),
    Transition(19, QC_REJECTED, PENDING_ALLOCATION, ((_OPS, "reverification_ordered"),)),
    Transition(
        20,
        QC_REJECTED,
        CANCELLED,
        ((_OPS, "closed_unverified"), (_PARTNER, "closed_unverified")),
    ),
    Transition(
        21, QC_PASSED, REPORTED, ((_OPS, "report_generated"), (_SYSTEM, "report_generated"))
    ),
    Transition(22, REPORTED, IN_PAYMENT_CYCLE, ((_FINANCE, "added_to_cycle"),)),
    Transition(23, IN_PAYMENT_CYCLE, PAYMENT_COMPLETE, ((_FINANCE, "paid"),)),
    Transition(24, IN_PAYMENT_CYCLE, REPORTED, ((_FINANCE, "removed_from_cycle"),)),
)

_BY_PAIR: Final[Mapping[tuple[str | None, str], Transition]] = {
    (row.previous, row.new): row for row in TRANSITIONS
}

_MESSAGES: Final[Mapping[str, str]] = {
    ALLOCATED: "Case allocated to worker",
    IN_PROGRESS: "Case in progress",
    SUBMITTED: "Case submitted for review",
}


def find(previous: str | None, new: str) -> Transition | None:
    """The row from ``previous`` (None: no case yet) to ``new``, or None where there is none."""
    return _BY_PAIR.get((previous, new))


def check(previous: str | None, new: str) -> Transition:
    """The row from ``previous`` to ``new``; raises `IllegalTransition` where there is none."""
    row = find(previous, new)
    if row is None:
        raise IllegalTransition(previous, new)
    return row


def steps_from(status: str | None) -> tuple[Transition, ...]:
    """The rows that lead out of ``status``, in the table's order."""
    return tuple(row for row in TRANSITIONS if row.previous == status)


def message(previous: str | None, new: str) -> str:
    """What a status notification says about this step, legal or not (contract, section 4)."""
    if previous is None and new == NEW:
        return "Case created"
    shown = "-" if previous is None else previous
    return _MESSAGES.get(new, f"Case status changed from '{shown}' to '{new}'")
