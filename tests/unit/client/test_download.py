from __future__ import annotations

from pathlib import Path

import pytest
import requests
import responses

from fulfillment_sdk import errors
from tests.unit.client.support import CASES, Time, make_client

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


@pytest.mark.parametrize("case_id", ["", " ", ".", ".."])
def test_what_is_no_identifier_is_refused(case_id: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        make_client().cases.download_report(case_id)


def test_a_folder_that_is_not_there_is_the_callers_error(
    mocked: responses.RequestsMock, tmp_path: Path
) -> None:
    offer(mocked)
    with pytest.raises(FileNotFoundError):
        make_client().cases.download_report("case_987654", to=tmp_path / "none" / "report.pdf")


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
