"""`client.cases`: create cases, see and cancel them, fetch what was found (contract, section 5)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, overload

from fulfillment_sdk.client.calls import cases as calls
from fulfillment_sdk.client.calls.call import Progress, Runner
from fulfillment_sdk.client.calls.creation import Creation
from fulfillment_sdk.client.files.download import PDF, InMemory, ToFile, Wanted
from fulfillment_sdk.client.paging import LARGEST, Pager

if TYPE_CHECKING:
    from fulfillment_sdk.models import CaseDetails, CaseSummary, CreatedCase, NewCase, ReportLink

LARGEST_REPORT: Final = 64 * 1024 * 1024
LARGEST_FILE: Final = 64 * 1024 * 1024


class Cases:
    """What an organization does with its cases."""

    def __init__(self, runner: Runner, creation: Creation) -> None:
        self._runner = runner
        self._creation = creation

    def create(
        self, case: NewCase, *, idempotency_key: str | None = None, validate: bool = True
    ) -> CreatedCase:
        """Create a case, once, however often it has to be sent.

        What `case` leaves open is filled in: first by the client's `case_defaults`, then `src_uid`,
        `src_uid2`, `src_callid` and `src_ts`, which name one moment. Without `idempotency_key` (1
        to 255 visible ASCII characters) the client makes one; a case without `src_uid` gets the key
        as its `src_uid`, so that the same call with the same key is the same request. With
        `validate` the case is checked first, and nothing is sent while it has a problem; likely
        slips go to the client's `on_warning`.

        Returns the case with its `id`, and in `id_source` the key of the answer that the id was
        read from. Raises InvalidCase with all problems at once; MissingField and InvalidField with
        the field's path where only the server objects; PayloadError for what JSON can't hold;
        Unauthorized, Forbidden, Conflict, TooManyRequests; CaseNotForwarded where the gateway kept
        the complaint to itself; and OutcomeUnknown, with key and `src_uid`, where the case may
        exist and sending again could make a second one. Contract, sections 2 and 6.
        """
        return self._runner.run(
            self._creation.call(case, idempotency_key=idempotency_key, validate=validate)
        )

    def list(
        self,
        *,
        status: str | None = None,
        reference_number: str | None = None,
        src_uid: str | None = None,
        page_size: int = LARGEST,
    ) -> Pager[CaseSummary]:
        """Iterate over the organization's cases, the oldest first, page by page.

        Narrowed down by exact values: the lifecycle `status`, the `reference_number`, the `src_uid`
        that a case was created with (so an unknown outcome can be looked up). Raises InvalidField
        for an impossible value, and NotOffered. Contract, section 5.
        """
        return Pager(
            self._runner,
            lambda cursor: calls.page(
                cursor,
                page_size,
                status=None if status is None else str(status),
                reference_number=reference_number,
                src_uid=src_uid,
            ),
        )

    def get(self, case_id: str) -> CaseDetails:
        """Show a case: its status, timeline, report and files, nothing of what was told in it.

        Raises NotFound if the organization has none of that id, and NotOffered. Contract,
        section 5.
        """
        return self._runner.run(calls.show(case_id))

    def cancel(self, case_id: str) -> CaseDetails:
        """Cancel a case, which may be repeated; returns the case as it then is.

        Raises Conflict, in the portal's words, where it is too late; NotFound, and NotOffered.
        Contract, sections 3 and 5.
        """
        return self._runner.run(calls.cancel(case_id))

    @overload
    def download_report(
        self,
        case_id: str,
        *,
        to: None = None,
        max_bytes: int = LARGEST_REPORT,
        sha256: str | None = None,
        progress: Progress | None = None,
    ) -> bytes: ...

    @overload
    def download_report(
        self,
        case_id: str,
        *,
        to: str | os.PathLike[str],
        max_bytes: int = LARGEST_REPORT,
        sha256: str | None = None,
        progress: Progress | None = None,
    ) -> Path: ...

    def download_report(
        self,
        case_id: str,
        *,
        to: str | os.PathLike[str] | None = None,
        max_bytes: int = LARGEST_REPORT,
        sha256: str | None = None,
        progress: Progress | None = None,
    ) -> Path | bytes:
        """Download the PDF report of a case, as bytes or to the file `to`.

        The file appears when it is whole, readable by its owner alone; an older one is replaced.
        `progress(done, total)` is called after each piece, in bytes, with None as the total where
        the server doesn't tell. Raises NotFound while there is no report or after it expired,
        UnexpectedAnswer for anything but a PDF, for more than `max_bytes`, and where the SHA-256 is
        not the one that is given here or announced by the server; NotOffered; and OSError where the
        file can't be written. Contract, section 5.
        """
        wanted = Wanted(content_type=PDF, limit=max_bytes, sha256=sha256, progress=progress)
        if to is None:
            memory = InMemory(wanted)
            return self._runner.run(calls.report(case_id, memory, lambda _answer: memory.finish()))
        with ToFile(Path(to), wanted) as file:
            return self._runner.run(calls.report(case_id, file, lambda _answer: file.finish()))

    def reissue_report(self, case_id: str) -> ReportLink:
        """Have an expired report issued again, and with it the case's files; says until when.

        Raises Conflict where the case is not completed, NotFound, and NotOffered. Contract,
        section 5.
        """
        return self._runner.run(calls.reissue(case_id))

    @overload
    def download_file(
        self,
        case_id: str,
        file_id: str,
        *,
        to: None = None,
        max_bytes: int = LARGEST_FILE,
        sha256: str | None = None,
        progress: Progress | None = None,
    ) -> bytes: ...

    @overload
    def download_file(
        self,
        case_id: str,
        file_id: str,
        *,
        to: str | os.PathLike[str],
        max_bytes: int = LARGEST_FILE,
        sha256: str | None = None,
        progress: Progress | None = None,
    ) -> Path: ...

    def download_file(
        self,
        case_id: str,
        file_id: str,
        *,
        to: str | os.PathLike[str] | None = None,
        max_bytes: int = LARGEST_FILE,
        sha256: str | None = None,
        progress: Progress | None = None,
    ) -> Path | bytes:
        """Download a file of a case, as bytes or to the file `to`, as `download_report` does.

        `file_id` is the `id` of one of the case's `files`, of a submission's, or the
        `attachment_id` of what was sent with it; `sha256` the digest that was told with it, and the
        one that the server announces is compared in any case. Treat the file like anything that a
        stranger sent. Raises NotFound, also after it expired, UnexpectedAnswer, NotOffered, and
        OSError. Contract, section 5.
        """
        wanted = Wanted(limit=max_bytes, sha256=sha256, progress=progress)
        if to is None:
            memory = InMemory(wanted)
            return self._runner.run(
                calls.file(case_id, file_id, memory, lambda _answer: memory.finish())
            )
        with ToFile(Path(to), wanted) as file:
            return self._runner.run(
                calls.file(case_id, file_id, file, lambda _answer: file.finish())
            )
