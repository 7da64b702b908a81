"""The kind `log`: codes and ids of each event, and not one word that somebody wrote."""

from __future__ import annotations

import logging

import pytest

from fulfillment_sdk.plugins.bundled.log import LogSettings, LogSink
from fulfillment_sdk.relay import Delivered
from tests.unit.plugins.bundled.deliveries import about_a_case, delivery


def test_a_text_in_the_place_of_a_code_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    told = {"reason": "she said that\nfinal=True", "outcome": "jane@example.org"}
    said = about_a_case(**told, actor="qc", message="a long story")

    assert LogSink(LogSettings()).deliver(said) == Delivered()

    (line,) = caplog.messages
    assert "actor=qc" in line
    assert "reason" not in line
    assert "she said" not in caplog.text
    assert "story" not in caplog.text
    assert "jane" not in caplog.text


def test_a_completion_is_told_without_what_was_found(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    case = {"request": {"narrative": "Survivor story"}}
    completion = about_a_case(type="case.completed", outcome="positive", case=case)

    LogSink(LogSettings()).deliver(completion)

    (line,) = caplog.messages
    assert line.startswith("case.completed id=evt_1 case_id=case_1 ")
    assert "outcome=positive" in line
    assert "urvivor" not in str(vars(caplog.records[0]))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data":7}', b'{"data":{"final":"x"}}', b"\xff{"])
def test_a_body_that_says_nothing_is_logged_by_its_id(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    assert LogSink(LogSettings()).deliver(delivery(body)) == Delivered()

    assert caplog.messages == ["case.status_changed id=evt_1"]


def test_an_id_or_a_type_that_is_no_word_forges_no_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    LogSink(LogSettings()).deliver(delivery(b"{}", id="a b\nroot: hello", type="x\ny"))

    assert caplog.messages == ["event"]


def test_a_line_has_the_codes_and_so_has_the_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    LogSink(LogSettings()).deliver(about_a_case(new_status="qc_passed", sequence=5, final=False))

    assert caplog.messages == [
        "case.status_changed id=evt_1 case_id=case_1 new_status=qc_passed sequence=5 final=False"
    ]
    assert vars(caplog.records[0])["facts"] == {
        "message": "case.status_changed",
        "id": "evt_1",
        "case_id": "case_1",
        "new_status": "qc_passed",
        "sequence": "5",
        "final": "False",
    }


def test_logger_and_level_are_settings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    LogSink(LogSettings(logger="audit.cases", level="warning")).deliver(about_a_case())

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("audit.cases", logging.WARNING)


def test_a_silent_logger_is_no_reason_to_keep_an_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR")

    outcome = LogSink(LogSettings()).deliver(about_a_case())

    assert outcome == Delivered("the logger is silent at this level")
    assert caplog.records == []
