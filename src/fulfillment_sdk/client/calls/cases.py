"""What an organization does with the cases that it has, as values (contract, section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from fulfillment_sdk import models
from fulfillment_sdk.client.calls.answers import json_object, unexpected
from fulfillment_sdk.client.calls.call import (
    WEBFORM,
    Answer,
    Call,
    KnownWords,
    Sink,
    query,
    segment,
)
from fulfillment_sdk.client.calls.reading import read_model
from fulfillment_sdk.client.files.download import PDF
from fulfillment_sdk.client.paging import Page, page_size, read_page
from fulfillment_sdk.errors import Conflict, NotFound, Unavailable

T = TypeVar("T")

CASES: Final = "cases"
REPORTS: Final = "reports"
FILES: Final = "files"
PATH: Final = f"{WEBFORM}cases/"

CANCELLING: Final = (
    KnownWords(
        409,
        "illegal status transition",
        Conflict,
        "Too late: a case can be cancelled until its form is handed in, and once the quality "
        "check has rejected it.",
    ),
)
REPORTING: Final = (
    KnownWords(
        410,
        "",
        NotFound,
        "It can no longer be downloaded: have it issued again by cases.reissue_report(…).",
    ),
    KnownWords(
        404,
        "",
        NotFound,
        "A report exists once the case is qc_passed: check the status and the id.",
    ),
    KnownWords(503, "", Unavailable, "Repeat the download later."),
)
REISSUING: Final = (
    KnownWords(409, "", Conflict, "A report exists once the case is qc_passed: check the status."),
)
FETCHING: Final = (
    KnownWords(
        410,
        "",
        NotFound,
        "It went with the report: cases.reissue_report(…) brings the case's files back.",
    ),
    KnownWords(503, "", Unavailable, "Repeat the download later."),
)


def page(
    cursor: str | None,
    size: int,
    *,
    status: str | None,
    reference_number: str | None,
    src_uid: str | None,
) -> Call[Page[models.CaseSummary]]:
    """The call for the page of cases after `cursor`, the first for None."""
    asked = query(
        limit=page_size(size),
        status=status,
        reference_number=reference_number,
        src_uid=src_uid,
        after=cursor,
    )
    return Call(
        "GET",
        PATH + asked,
        lambda answer: read_page(answer, models.CaseSummary, what="case"),
        feature=CASES,
        beyond=True,
    )


def show(case_id: str) -> Call[models.CaseDetails]:
    """The call that shows a case."""
    return _about("GET", case_id, "", _read_details, feature=CASES)


def cancel(case_id: str) -> Call[models.CaseDetails]:
    """The call that cancels a case; once it is cancelled, a repetition changes nothing."""
    return _about("POST", case_id, "cancel/", _read_details, feature=CASES, known=CANCELLING)


def report(case_id: str, sink: Sink, read: Callable[[Answer], T]) -> Call[T]:
    """The call that has a case's report written to `sink`."""
    accept = f"{PDF}, application/json;q=0.5"
    return _download(case_id, "report/", sink, read, REPORTS, accept, REPORTING)


def reissue(case_id: str) -> Call[models.ReportLink]:
    """The call that has an expired report issued again."""

    def read(answer: Answer) -> models.ReportLink:
        link = read_model(models.ReportLink, json_object(answer), answer, what="report")
        if not link.url:
            raise unexpected(answer, "The answer doesn't say where the report is")
        return link

    return _about("POST", case_id, "report/", read, feature=REPORTS, known=REISSUING)


def file(case_id: str, file_id: str, sink: Sink, read: Callable[[Answer], T]) -> Call[T]:
    """The call that has a case's file written to `sink`."""
    rest = f"files/{segment('file id', file_id)}/"
    return _download(case_id, rest, sink, read, FILES, "*/*", FETCHING)


def _download(
    case_id: str,
    rest: str,
    sink: Sink,
    read: Callable[[Answer], T],
    feature: str,
    accept: str,
    known: tuple[KnownWords, ...],
) -> Call[T]:
    # Compressed on the way, a body has neither its own length nor its own digest.
    headers = {"Accept": accept, "Accept-Encoding": "identity"}
    return _about(
        "GET", case_id, rest, read, feature=feature, known=known, headers=headers, sink=sink
    )


def _about(
    method: str,
    case_id: str,
    rest: str,
    read: Callable[[Answer], T],
    *,
    feature: str,
    known: tuple[KnownWords, ...] = (),
    headers: dict[str, str] | None = None,
    sink: Sink | None = None,
) -> Call[T]:
    return Call(
        method,
        f"{PATH}{segment('case id', case_id)}/{rest}",
        read,
        feature=feature,
        beyond=True,
        item=True,
        known=known,
        headers=headers or {},
        sink=sink,
    )


def _read_details(answer: Answer) -> models.CaseDetails:
    return read_model(models.CaseDetails, json_object(answer), answer, what="case")
