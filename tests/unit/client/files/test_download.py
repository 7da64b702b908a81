from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import responses

from fulfillment_sdk import errors
from fulfillment_sdk.client.files.download import InMemory, Wanted
from fulfillment_sdk.models import CreatedCase
from tests.unit.client.support import CASES, Time, answer, make_client

REPORT = f"{CASES}cases/case_987654/report/"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 1000


def offer(mocked: responses.RequestsMock, body: bytes = PDF, kind: str = "application/pdf") -> None:
    mocked.get(REPORT, body=body, content_type=kind)


def test_a_report_comes_as_bytes(mocked: responses.RequestsMock) -> None:
    offer(mocked)
    assert make_client().cases.download_report("case_987654") == PDF
    headers = mocked.calls[0].request.headers
    assert headers["Accept"].startswith("application/pdf")
    assert headers["Authorization"] == "Bearer t0ken"


def test_a_report_goes_to_a_file(mocked: responses.RequestsMock, tmp_path: Path) -> None:
    offer(mocked, kind="Application/PDF; charset=binary")
    target = tmp_path / "report.pdf"
    assert make_client().cases.download_report("case_987654", to=target) == target
    assert target.read_bytes() == PDF
    assert target.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [target]


def test_an_older_file_is_replaced(mocked: responses.RequestsMock, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    target.write_bytes(b"old and longer than nothing")
    offer(mocked)
    make_client().cases.download_report("case_987654", to=str(target))
    assert target.read_bytes() == PDF


@pytest.mark.parametrize("kind", ["text/html", "application/json", ""])
def test_what_is_no_pdf_is_refused(
    mocked: responses.RequestsMock, tmp_path: Path, kind: str
) -> None:
    offer(mocked, body=b"<html>", kind=kind)
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().cases.download_report("case_987654", to=tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("announced", [True, False])
def test_too_large_a_report_leaves_nothing_behind(
    mocked: responses.RequestsMock, tmp_path: Path, announced: bool
) -> None:
    mocked.get(
        REPORT, body=PDF, content_type="application/pdf", auto_calculate_content_length=announced
    )
    with pytest.raises(errors.UnexpectedAnswer) as raised:
        make_client().cases.download_report(
            "case_987654", to=tmp_path / "report.pdf", max_bytes=len(PDF) - 1
        )
    assert "max_bytes" in raised.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_the_limit_itself_is_allowed(mocked: responses.RequestsMock) -> None:
    offer(mocked)
    client = make_client()
    assert len(client.cases.download_report("case_987654", max_bytes=len(PDF))) == len(PDF)


def test_a_failed_download_keeps_the_older_file(
    mocked: responses.RequestsMock, tmp_path: Path
) -> None:
    target = tmp_path / "report.pdf"
    target.write_bytes(b"old")
    mocked.get(REPORT, status=410, json={"error": "Report has expired"})
    with pytest.raises(errors.NotFound):
        make_client().cases.download_report("case_987654", to=target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_download_is_tried_again(mocked: responses.RequestsMock, time: Time) -> None:
    mocked.get(REPORT, body=requests.ReadTimeout())
    mocked.get(REPORT, status=503)
    offer(mocked)
    assert make_client(time).cases.download_report("case_987654") == PDF
    assert len(time.slept) == 2


def test_a_server_without_reports_does_not_offer_them(mocked: responses.RequestsMock) -> None:
    mocked.get(REPORT, body="<html>Not Found</html>", status=404, content_type="text/html")
    with pytest.raises(errors.NotOffered) as raised:
        make_client().cases.download_report("case_987654")
    assert raised.value.feature == "reports"


def test_a_case_without_a_report_has_none(mocked: responses.RequestsMock) -> None:
    mocked.get(REPORT, json={"error": "Not found"}, status=404)
    with pytest.raises(errors.NotFound):
        make_client().cases.download_report("case_987654")


def test_an_identifier_stays_one_segment_of_the_path(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{CASES}cases/a%2F..%2Fb%3F/report/", body=PDF, content_type="application/pdf")
    assert make_client().cases.download_report("a/../b?") == PDF


@pytest.mark.parametrize("case_id", ["", " ", ".", "..", "\ud800", "a\nb"])
def test_what_is_no_identifier_is_refused(case_id: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        make_client().cases.download_report(case_id)


def test_a_case_in_place_of_its_id_is_told_as_that() -> None:
    case: Any = CreatedCase(id="case_987654", reference_number="HL-CMS-000123")
    with pytest.raises(TypeError, match=r"^the case id must be a str, not CreatedCase$"):
        make_client().cases.download_report(case)
    for other in (123, None):
        with pytest.raises(TypeError, match=r"^the case id must be a str"):
            make_client().cases.download_report(cast(Any, other))


def test_a_folder_in_place_of_a_file_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as raised:
        make_client().cases.download_report("case_987654", to=tmp_path)
    assert raised.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    target = tmp_path / "none" / "report.pdf"
    with pytest.raises(FileNotFoundError) as raised:
        make_client().cases.download_report("case_987654", to=target)
    assert raised.value.filename == str(target)


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (404, errors.NotFound, "once the case is qc_passed"),
        (410, errors.NotFound, "no longer"),
        (503, errors.Unavailable, "Repeat the download later."),
    ],
)
def test_a_report_that_does_not_come_has_a_remedy_of_its_own(
    mocked: responses.RequestsMock, time: Time, status: int, kind: type[Exception], word: str
) -> None:
    mocked.get(REPORT, json={"error": "…"}, status=status)
    with pytest.raises(errors.APIError) as raised:
        make_client(time, tries=1).cases.download_report("case_987654")
    assert type(raised.value) is kind
    assert word in raised.value.remedy
    assert "idempotency" not in raised.value.remedy


def told() -> tuple[list[tuple[int, int | None]], Callable[[int, int | None], None]]:
    seen: list[tuple[int, int | None]] = []
    return seen, lambda done, total: seen.append((done, total))


@pytest.mark.parametrize("to_file", [True, False])
def test_progress_is_told_up_to_the_last_byte(
    mocked: responses.RequestsMock, tmp_path: Path, to_file: bool
) -> None:
    mocked.get(REPORT, body=PDF, content_type="application/pdf", auto_calculate_content_length=True)
    seen, progress = told()
    cases = make_client().cases
    if to_file:
        cases.download_report("case_987654", to=tmp_path / "report.pdf", progress=progress)
    else:
        cases.download_report("case_987654", progress=progress)
    assert len(seen) > 2
    assert [total for _, total in seen] == [len(PDF)] * len(seen)
    assert seen == sorted(seen)
    assert seen[-1][0] == len(PDF)


def test_an_unknown_total_is_none(mocked: responses.RequestsMock) -> None:
    offer(mocked)
    seen, progress = told()
    make_client().cases.download_report("case_987654", progress=progress)
    assert seen[-1] == (len(PDF), None)


def test_what_progress_raises_ends_the_download_and_leaves_nothing(
    mocked: responses.RequestsMock, tmp_path: Path
) -> None:
    offer(mocked)

    def stop(_done: int, _total: int | None) -> None:
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError):
        make_client().cases.download_report(
            "case_987654", to=tmp_path / "report.pdf", progress=stop
        )
    assert len(mocked.calls) == 1
    assert list(tmp_path.iterdir()) == []


FILE = f"{CASES}cases/case_987654/files/file_1/"
JPEG = b"\xff\xd8\xff\xe0" + bytes(1000)
DIGEST = hashlib.sha256(JPEG)
REPR = f"sha-256=:{base64.b64encode(DIGEST.digest()).decode()}:"


def offer_file(
    mocked: responses.RequestsMock, body: bytes = JPEG, headers: dict[str, str] | None = None
) -> None:
    mocked.get(FILE, body=body, content_type="image/jpeg", headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": f'"{DIGEST.hexdigest()}"'},
        {"Repr-Digest": REPR},
        {"Repr-Digest": f"md5=:AAAA:, {REPR}", "ETag": '"v1"'},
        {"ETag": 'W/"1"', "Repr-Digest": "sha-256=:no:"},
    ],
)
def test_a_file_comes_as_it_was_announced(
    mocked: responses.RequestsMock, headers: dict[str, str]
) -> None:
    offer_file(mocked, headers=headers)
    assert make_client().cases.download_file("case_987654", "file_1") == JPEG
    assert mocked.calls[0].request.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": f'"{hashlib.sha256(b"").hexdigest()}"'},
        {"Repr-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"},
    ],
)
def test_another_file_than_was_announced_leaves_nothing_behind(
    mocked: responses.RequestsMock, tmp_path: Path, headers: dict[str, str]
) -> None:
    offer_file(mocked, headers=headers)
    with pytest.raises(errors.UnexpectedAnswer, match="SHA-256"):
        make_client().cases.download_file("case_987654", "file_1", to=tmp_path / "gate.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("digest", [DIGEST.hexdigest(), DIGEST.hexdigest().upper()])
def test_a_digest_that_the_caller_knows_is_compared(
    mocked: responses.RequestsMock, digest: str
) -> None:
    offer_file(mocked)
    offer_file(mocked, JPEG + b"!")
    cases = make_client().cases
    assert cases.download_file("case_987654", "file_1", sha256=digest) == JPEG
    with pytest.raises(errors.UnexpectedAnswer, match="SHA-256"):
        cases.download_file("case_987654", "file_1", sha256=digest)


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64])
def test_what_is_no_digest_is_refused_before_anything_is_sent(digest: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        make_client().cases.download_file("case_987654", "file_1", sha256=digest)


def test_a_page_for_people_is_no_file(mocked: responses.RequestsMock, tmp_path: Path) -> None:
    mocked.get(FILE, body="<html>Log in</html>", content_type="text/html; charset=utf-8")
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().cases.download_file("case_987654", "file_1", to=tmp_path / "gate.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [202, 204, 206])
def test_an_answer_without_a_whole_file_is_none(
    mocked: responses.RequestsMock, tmp_path: Path, status: int
) -> None:
    mocked.get(FILE, status=status, body=JPEG[:10], content_type="image/jpeg")
    with pytest.raises(errors.UnexpectedAnswer, match="whole"):
        make_client().cases.download_file("case_987654", "file_1", to=tmp_path / "gate.jpg")
    assert list(tmp_path.iterdir()) == []


class Full(io.BytesIO):
    """A file on a disk that has no room, which closing tries once more."""

    def flush(self) -> None:
        if not self.closed:
            raise OSError(errno.ENOSPC, "No space left on device")

    def fileno(self) -> int:
        raise AssertionError("flush() comes first")

    def close(self) -> None:
        super().close()
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_behind(
    mocked: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(descriptor: int, _mode: str) -> Full:
        os.close(descriptor)
        return Full()

    offer_file(mocked)
    monkeypatch.setattr(os, "fdopen", opened)
    with pytest.raises(OSError, match="No space left"):
        make_client().cases.download_file("case_987654", "file_1", to=tmp_path / "gate.jpg")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_expired_is_not_found(mocked: responses.RequestsMock) -> None:
    mocked.get(FILE, status=410, json={"error": "File has expired"})
    with pytest.raises(errors.NotFound) as raised:
        make_client().cases.download_file("case_987654", "file_1")
    assert "reissue_report" in raised.value.remedy


def test_a_server_without_files_does_not_offer_them(mocked: responses.RequestsMock) -> None:
    mocked.get(FILE, body="<html>Not Found</html>", status=404, content_type="text/html")
    with pytest.raises(errors.NotOffered) as raised:
        make_client().cases.download_file("case_987654", "file_1")
    assert raised.value.feature == "files"


def test_a_download_that_is_shorter_than_announced_is_none() -> None:
    memory = InMemory(Wanted(limit=100))
    memory.begin(answer(content_type="image/jpeg", content_length="5"))
    memory.write(b"1234")
    with pytest.raises(errors.UnexpectedAnswer, match="broke off"):
        memory.finish()


def test_a_compressed_body_is_measured_by_nothing_that_is_said_of_it() -> None:
    memory = InMemory(Wanted(limit=100))
    tag = f'"{"0" * 64}"'
    memory.begin(
        answer(content_type="image/jpeg", content_length="5", content_encoding="gzip", etag=tag)
    )
    memory.write(b"1234")
    assert memory.finish() == b"1234"


def test_a_second_try_begins_anew() -> None:
    memory = InMemory(Wanted(limit=5, sha256=hashlib.sha256(b"1234").hexdigest()))
    for piece in (b"12345", b"1234"):
        memory.begin(answer(content_type="image/jpeg"))
        memory.write(piece)
    assert memory.finish() == b"1234"
