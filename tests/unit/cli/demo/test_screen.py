"""What the demo shows: 80 columns, no escape codes in a file, nobody's story."""

from __future__ import annotations

import io

import pytest

from fulfillment_sdk.cli.demo.arrivals import Arrival
from fulfillment_sdk.cli.demo.screen import Screen
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models import (
    CaseCompleted,
    CompletedCase,
    FormSubmission,
    QCReview,
    StatusChanged,
)

COMPLETED = CaseCompleted(
    id="evt_6",
    case_id="case_1",
    new_status=CaseStatus("qc_passed"),
    sequence=6,
    message="Case completed - includes full verification data and report",
    case=CompletedCase(id="case_1", request={"narrative": "a long story", "src": "webform"}),
    form_submissions=(
        FormSubmission(id="f", form_name="visit", status="submitted", data={"a": "a secret"}),
    ),
    qc_review=QCReview(result="pass", comments="a remark"),
    report_url="http://127.0.0.1:40000/" + "path/" * 20,
)
CREATED = StatusChanged(
    id="evt_1", case_id="case_1", new_status=CaseStatus("new"), sequence=1, message="Case created"
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown_on(stream: io.StringIO, faults: list[str]) -> str:
    screen = Screen(stream)
    screen.title("Title")
    screen.step("A step", "with a detail", "and one that is rather longer than a line " * 3)
    screen.arrival(Arrival(CREATED, 12.4))
    screen.completion(COMPLETED)
    screen.summary([Arrival(CREATED, 12.4), Arrival(COMPLETED, 23.6)], faults, 1.23)
    return stream.getvalue()


def test_a_file_gets_no_escape_codes_and_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "300")
    shown = shown_on(io.StringIO(), [])
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in shown_on(Terminal(), [])


def test_an_arrival_shows_name_message_and_milliseconds() -> None:
    lines = shown_on(io.StringIO(), []).splitlines()
    (line,) = [line for line in lines if line.startswith("    plugin got new")]
    assert line.endswith(" 12 ms")
    assert lines[lines.index(line) + 1] == "      Case created"


def test_a_completion_is_summed_up_without_what_people_wrote() -> None:
    shown = shown_on(io.StringIO(), [])
    assert "visit: 1 answers, 0 files, submitted" in shown
    assert "http://127.0.0.1:40000/" in shown
    assert not [word for word in ("story", "secret", "remark") if word in shown]


def test_the_summary_lists_every_notification_and_the_verdict() -> None:
    lines = shown_on(io.StringIO(), []).splitlines()
    assert any(line.startswith("1 new") and line.endswith("12") for line in lines)
    assert any(line.startswith("6 completed") and line.endswith("24") for line in lines)
    assert "All five updates and the completion arrived, once each, in order." in lines


def test_the_summary_names_every_fault() -> None:
    shown = shown_on(io.StringIO(), ["submitted is missing", "new arrived 2 times"])
    assert "Failed after 1.2 s" in shown
    assert "submitted is missing" in shown
    assert "new arrived 2 times" in shown
    assert "in order" not in shown
