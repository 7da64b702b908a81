"""What Python writes to standard error by itself becomes log lines, which tell nobody's words."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest

from fulfillment_sdk.server.observability.logs import JsonFormatter
from fulfillment_sdk.server.observability.mishaps import Handler

SECONDS = 30.0

BEGIN = """
import gc, logging, sys, threading, warnings
from fulfillment_sdk.server.observability import logs, mishaps
logs.configure(verbose=True, form="json")
mishaps.take()
"""
MISHAPS = {
    "a thread ended by an error": """
def fail(): raise KeyError("the narrative")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
""",
    "an error that nobody could be told": """
class Odd:
    def __del__(self): raise ValueError("the narrative")
Odd()
gc.collect()
""",
    "ended by an error": "raise LookupError('the narrative')",
    "UserWarning at <string>": "warnings.warn('the narrative')",
    "a log line could not be written": """
logging.getLogger('fulfillment_sdk').info('%d', 'the narrative')
""",
}


@pytest.mark.parametrize("said", MISHAPS)
def test_a_mishap_is_a_line_of_json_without_its_message(said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN + MISHAPS[said]],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "narrative" not in ended.stdout + ended.stderr
    (line,) = map(json.loads, ended.stderr.splitlines())
    assert line["message"].startswith(said)
    assert ended.returncode == (said == "ended by an error")


def test_an_end_by_hand_is_no_mishap() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN + "raise KeyboardInterrupt"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "ended by an error" not in ended.stderr


def test_a_line_that_can_be_written_nowhere_is_let_go(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = io.StringIO()
    handler = Handler(stream)
    handler.setFormatter(JsonFormatter())
    stream.close()
    handler.handle(logging.makeLogRecord({"msg": "somebody's words"}))
    assert capsys.readouterr() == ("", "")
