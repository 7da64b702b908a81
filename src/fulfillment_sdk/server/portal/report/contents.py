"""What stands in a report, as sections of rows. Pure: no font, no page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs

from fulfillment_sdk.server.portal.completion import Dossier
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.server.portal.report import words
from fulfillment_sdk.server.portal.report.room import Room
from fulfillment_sdk.server.portal.report.values import asked, flat
from fulfillment_sdk.server.portal.reviews import Review
from fulfillment_sdk.server.portal.submissions import SUPERSEDED, Submission

CHANGES: Final = 200
"""Steps of the timeline that are printed, the latest ones."""


@attrs.frozen
class Row:
    """A label and a text, in a ``repr`` neither."""

    label: str = attrs.field(repr=False)
    value: str = attrs.field(repr=False)


@attrs.frozen
class Block:
    """Rows under a line of their own."""

    title: str = attrs.field(repr=False)
    aside: str
    rows: Sequence[Row]


@attrs.frozen
class Step:
    """One line of the timeline."""

    at: str
    status: str
    by: str
    reason: str


@attrs.frozen(kw_only=True)
class Contents:
    """All of a report but its photos and files."""

    reference_number: str
    completed_at: float
    outcome: str | None
    facts: Sequence[Row]
    asked: Sequence[Row]
    found: Sequence[Block]
    reviewed: Sequence[Block]
    timeline: Sequence[Step]
    earlier: int
    shortened: bool


def drawn_up(dossier: Dossier) -> Contents:
    """Return what the report of a completed case says; times are in UTC."""
    room = Room()
    case = dossier.case
    request = list(_told(room, asked(dossier.request)))
    # What holds comes first, what it superseded after it.
    forms = sorted(dossier.submissions, key=lambda form: form.status == SUPERSEDED)
    found = [_submission(room, each) for each in forms if room.left]
    reviewed = [_review(room, each) for each in dossier.reviews if room.left]
    return Contents(
        reference_number=case.reference_number,
        completed_at=_completed_at(dossier),
        outcome=case.outcome,
        facts=list(_facts(dossier)),
        asked=request,
        found=found,
        reviewed=reviewed,
        timeline=[_step(change) for change in dossier.changes[-CHANGES:]],
        earlier=max(0, len(dossier.changes) - CHANGES),
        shortened=room.shortened
        or len(found) + len(reviewed) < len(dossier.submissions) + len(dossier.reviews),
    )


def _facts(dossier: Dossier) -> Iterator[Row]:
    case, report = dossier.case, dossier.report
    completed_at = _completed_at(dossier)
    yield Row("Case number", case.reference_number)
    yield Row("Case ID", case.id)
    yield Row("Created", moment(case.created_at))
    yield Row("Completed", moment(completed_at))
    yield Row("Time taken", words.duration(completed_at - case.created_at))
    if report is not None:
        yield Row("Report issued", moment(report.issued_at))


def _told(room: Room, pairs: Iterator[tuple[str, str]]) -> Iterator[Row]:
    for label, value in pairs:
        kept = room.take(label, value)
        if kept is None:
            return
        yield Row(*kept)


def _submission(room: Room, submission: Submission) -> Block:
    title = f"{submission.form_name}, version {submission.form_version}"
    older = ", superseded by a later one" if submission.status == SUPERSEDED else ""
    aside = f"Submitted {moment(submission.submitted_at)}{older}"
    return Block(room.title(title), aside, list(_told(room, flat(submission.data))))


def _review(room: Room, review: Review) -> Block:
    said = (
        ("Reason", words.spoken(review.reason_code or "")),
        ("Comments", review.comments),
        ("Instructions", review.instructions),
    )
    rows = _told(room, ((label, text) for label, text in said if text))
    title = words.RESULTS.get(review.result, review.result)
    return Block(room.title(title), moment(review.reviewed_at), list(rows))


def _step(change: Change) -> Step:
    return Step(
        at=moment(change.at),
        status=words.status(change.new_status),
        by=words.ACTORS.get(change.actor, change.actor),
        reason=words.spoken(change.reason),
    )


def moment(epoch: float) -> str:
    """Return a time as the report writes it."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _completed_at(dossier: Dossier) -> float:
    completed_at = dossier.case.completed_at
    return dossier.case.updated_at if completed_at is None else completed_at


def texts(told: Contents) -> tuple[Iterator[str], Iterator[str]]:
    """Return the texts that people wrote: those set regular, and those set bold."""
    return _regular(told), (block.title for block in (*told.found, *told.reviewed))


def _regular(told: Contents) -> Iterator[str]:
    blocks = (block.rows for block in (*told.found, *told.reviewed))
    for rows in (told.facts, told.asked, *blocks):
        for row in rows:
            yield row.label
            yield row.value
    for step in told.timeline:
        yield from (step.status, step.by, step.reason)
