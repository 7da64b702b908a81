"""`client.cases`: create a case, download its report (contract, sections 2, 5 and 6)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeVar, overload

from fulfillment_sdk import strictjson
from fulfillment_sdk.client import dialect
from fulfillment_sdk.client.answers import json_object, text, unexpected
from fulfillment_sdk.client.call import (
    WEBFORM,
    Answer,
    Call,
    Dialect,
    Keys,
    KnownWords,
    Repeat,
    Runner,
    Sink,
    segment,
)
from fulfillment_sdk.client.download import PDF, InMemory, ToFile
from fulfillment_sdk.errors import (
    CaseNotForwarded,
    ConfigurationError,
    NotFound,
    Unavailable,
)
from fulfillment_sdk.models import CreatedCase, NewCase
from fulfillment_sdk.wire import to_json

T = TypeVar("T")

LARGEST_REPORT: Final = 64 * 1024 * 1024
REPORTING: Final = (
    KnownWords(
        410,
        "",
        NotFound,
        "Ask the people who run the portal: the report can no longer be downloaded.",
    ),
    KnownWords(
        404,
        "",
        NotFound,
        "A report exists once the case is qc_passed: check the status and the id.",
    ),
    KnownWords(503, "", Unavailable, "Repeat the download later."),
)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Cases:
    """What an organization does with its cases."""

    def __init__(self, runner: Runner, new_id: Callable[[], str]) -> None:
        self._runner = runner
        self._new_id = new_id

    def create(self, case: NewCase, *, idempotency_key: str | None = None) -> CreatedCase:
        """Create a case, once, however often it has to be sent.

        Without `idempotency_key` (1 to 255 visible ASCII characters) the client makes one; a case
        without `src_uid` gets the key as its `src_uid`, so that the same call with the same key
        is the same request.

        Returns the case with its `id`, and in `id_source` the key of the answer that the id was
        read from. Raises MissingField and InvalidField with the field's path; Unauthorized,
        Forbidden, Conflict, TooManyRequests; CaseNotForwarded where the gateway kept the
        complaint to itself; and OutcomeUnknown, with key and `src_uid`, where the case may exist
        and sending again could make a second one. Contract, sections 2 and 6.
        """
        return self._runner.run(
            create(case, self._new_id() if idempotency_key is None else idempotency_key)
        )

    @overload
    def download_report(
        self, case_id: str, *, to: None = None, max_bytes: int = LARGEST_REPORT
    ) -> bytes: ...

    @overload
    def download_report(
        self, case_id: str, *, to: str | os.PathLike[str], max_bytes: int = LARGEST_REPORT
    ) -> Path: ...

    def download_report(
        self,
        case_id: str,
        *,
        to: str | os.PathLike[str] | None = None,
        max_bytes: int = LARGEST_REPORT,
    ) -> Path | bytes:
        """Download the PDF report of a case, as bytes or to the file `to`.

        The file appears when it is whole, readable by its owner alone; an older one is replaced.
        Raises NotFound while there is no report or after it expired, UnexpectedAnswer for
        anything but a PDF or for more than `max_bytes`, NotOffered, and OSError where the file
        can't be written. Contract, section 5.
        """
        if to is None:
            memory = InMemory(content_type=PDF, limit=max_bytes)
            return self._runner.run(report(case_id, memory, lambda _answer: memory.finish()))
        with ToFile(Path(to), content_type=PDF, limit=max_bytes) as file:
            return self._runner.run(report(case_id, file, lambda _answer: file.finish()))


def create(case: NewCase, idempotency_key: str) -> Call[CreatedCase]:
    """The call that creates `case`: as documented or, if refused, as the deployed gateway reads."""
    if not _KEY.fullmatch(idempotency_key):
        raise ConfigurationError(
            "An idempotency key has 1 to 255 visible ASCII characters",
            remedy="Give another idempotency_key, or none: the client then makes one.",
        )
    document = to_json(case)
    src_uid = text(document.get("src_uid")) or idempotency_key
    document["src_uid"] = src_uid
    return Call(
        "POST",
        WEBFORM,
        read_created,
        feature="case creation",
        body=strictjson.dumps(document),
        headers={"Idempotency-Key": idempotency_key},
        repeat=Repeat.KEYED,
        keys=Keys(idempotency_key, src_uid),
        dialect=Dialect(
            dialect.NAME,
            wanted=partial(dialect.wanted, case=document),
            faults=partial(dialect.faults, case=document),
            write=lambda: strictjson.dumps(dialect.write(document)),
        ),
    )


def report(case_id: str, sink: Sink, read: Callable[[Answer], T]) -> Call[T]:
    """The call that has a case's report written to `sink`."""
    return Call(
        "GET",
        f"{WEBFORM}cases/{segment('case id', case_id)}/report/",
        read,
        feature="reports",
        beyond=True,
        item=True,
        headers={"Accept": f"{PDF}, application/json;q=0.5"},
        known=REPORTING,
        sink=sink,
    )


def read_created(answer: Answer) -> CreatedCase:
    """Read the documented success body, or the deployed gateway's (contract, section 6)."""
    body = json_object(answer)
    if (case_id := text(body.get("id"))) is not None:
        return _created(body, case_id, "id", status=text(body.get("status")))
    helpline = body.get("helpline_response")
    case_id = text(helpline.get("case_id")) if isinstance(helpline, Mapping) else None
    if case_id is not None:
        return _created(body, case_id, "helpline_response.case_id")
    complaint = text(body.get("complaint_id"))
    if complaint is None:
        raise unexpected(answer, f"The server answered {answer.status} without the id of a case")
    if text(body.get("case_reference")) is None and "response_from_helpline" in body:
        raise CaseNotForwarded(
            f"The gateway stored complaint {complaint}, but no case was created behind it",
            complaint_id=complaint,
            status=answer.status,
            body=body,
            request_id=answer.headers.get("x-request-id"),
            method=answer.method,
            url=answer.url,
        )
    return _created(body, complaint, "complaint_id")


def _created(
    body: Mapping[str, object], case_id: str, source: str, *, status: str | None = None
) -> CreatedCase:
    # `status` of the deployed body is an envelope ("success"), no state: it stays in `raw`.
    number = text(body.get("reference_number")) or text(body.get("case_reference"))
    return CreatedCase(
        id=case_id,
        reference_number=number or "",
        status=status,
        created_at=text(body.get("created_at")),
        assigned_to=text(body.get("assigned_to")),
        id_source=source,
        raw=body,
    )
