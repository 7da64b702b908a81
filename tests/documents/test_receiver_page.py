"""What the page about the receiver has for those who write no code is all that it takes."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from fulfillment_sdk import Receiver, signing
from tests.documents.reading import ROOT, blocks

PAGE = ROOT / "docs" / "receiver.md"
(SHOWN,) = blocks(PAGE, "toml")
APPLICATION = next(block for block in blocks(PAGE, "py") if block.line > SHOWN.line)
LOOKS = [
    line.removeprefix("$ ")
    for block in blocks(PAGE, "console")
    for line in block.source.splitlines()
    if "Receiver.from_config()" in line
]
SECRET = signing.new_secret()


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """What is made in the folder of a reader who has written down what the page shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FULFILLMENT_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("SMTP_PASSWORD", "hush")
    (tmp_path / "fulfillment.toml").write_text(SHOWN.source)
    names: dict[str, object] = {}
    exec(compile(APPLICATION.source, PAGE, "exec"), names)
    found = getattr(names["app"], "receiver", None)
    assert isinstance(found, Receiver)
    return found


def test_its_file_and_its_two_lines_bring_a_case_into_a_database(receiver: Receiver) -> None:
    data = {"case_id": "case_1", "new_status": "submitted", "sequence": 1}
    event = {"id": "evt_1", "type": "case.status_changed", "version": "1", "data": data}
    body = json.dumps(event).encode()
    signed = signing.headers([SECRET], "evt_1", int(time.time()), body)
    assert receiver.destinations == ("cases", "desk")

    with receiver:
        reply = receiver.handle("POST", {"Content-Type": "application/json", **signed}, body)
        assert reply.status == 202
        deadline = time.monotonic() + 20
        while receiver.relay.undelivered().result(20):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    with closing(sqlite3.connect("cases.db")) as database:
        rows = database.execute("SELECT case_id, status FROM fulfillment_cases").fetchall()
    assert rows == [("case_1", "submitted")]


def test_a_look_at_a_case_and_one_at_what_waits_are_a_line_each(
    receiver: Receiver, tmp_path: Path
) -> None:
    data = {"case_id": "case_987654", "new_status": "qc_passed", "sequence": 1}
    body = json.dumps({"id": "evt_1", "type": "case.status_changed", "data": data}).encode()
    signed = signing.headers([SECRET], "evt_1", int(time.time()), body)
    receiver.relay.close()
    with Receiver.from_config(dispatch=False) as accepting:
        reply = accepting.handle("POST", {"Content-Type": "application/json", **signed}, body)
        assert reply.status == 202

    explained, waiting = (
        subprocess.run(
            [sys.executable, *shlex.split(look)[1:]],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout
        for look in LOOKS
    )
    assert explained.startswith("case case_987654: status qc_passed\n")
    assert [line.partition("(")[0] for line in waiting.splitlines()] == ["Undelivered"] * 2
    assert "destination='cases'" in waiting
