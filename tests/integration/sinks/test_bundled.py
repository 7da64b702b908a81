"""The SDK's own kinds of sink, named in a receiver's configuration, for events as they come in."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from fulfillment_sdk import Receiver, hookimpl, signing
from fulfillment_sdk.relay import Attempt
from tests import samples

SECRET = signing.new_secret()


class Attempts:
    name = "attempts"

    def __init__(self) -> None:
        self.queue: Queue[tuple[str, str, str]] = Queue()

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        self.queue.put((attempt.event_id, attempt.destination, attempt.outcome))


def notification(event_id: str, sample: str, **data: Any) -> tuple[dict[str, str], bytes]:
    event = samples.read(sample)
    known = event["data"]
    assert isinstance(known, dict)
    body = json.dumps({**event, "id": event_id, "data": {**known, **data}}, indent=2).encode()
    signed = signing.headers([SECRET], event_id, int(time.time()), body)
    return {"Content-Type": "application/json", **signed}, body


def test_an_event_is_in_the_log_in_the_file_and_in_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fulfillment_sdk.events")
    attempts = Attempts()
    lines, database = tmp_path / "audit.jsonl", tmp_path / "cases.db"
    receiver = Receiver(
        SECRET,
        tmp_path / "inbox",
        [attempts],
        sinks={
            "told": {"kind": "log"},
            "audit": {"kind": "jsonl", "path": str(lines), "events": ["case.completed"]},
            "cases": {
                "kind": "sql",
                "url": f"sqlite:///{database}",
                "disclosure": "operational",
            },
        },
    )

    with receiver:
        headers, body = notification("evt_1", "status-changed", sequence=5)
        assert receiver.handle("POST", headers, body).status == 202
        headers, body = notification("evt_2", "case-completed", sequence=6)
        assert receiver.handle("POST", headers, body).status == 202
        told = sorted(attempts.queue.get(timeout=20) for _ in range(5))

    assert told == [
        ("evt_1", "cases", "delivered"),
        ("evt_1", "told", "delivered"),
        ("evt_2", "audit", "delivered"),
        ("evt_2", "cases", "delivered"),
        ("evt_2", "told", "delivered"),
    ]
    (line,) = lines.read_text("utf-8").splitlines()
    assert json.loads(line)["event"]["id"] == "evt_2"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute(
            "SELECT case_id, status, sequence, outcome, events FROM fulfillment_cases"
        ).fetchall() == [("case_987654", "qc_passed", 6, json.loads(body)["data"]["outcome"], 2)]
    assert [record.getMessage().split()[:2] for record in caplog.records] == [
        ["case.status_changed", "id=evt_1"],
        ["case.completed", "id=evt_2"],
    ]
    assert not any(
        str(value) in caplog.text
        for value in json.loads(body)["data"]["case"]["request"].values()
        if isinstance(value, str) and len(value) > 20
    )


def test_what_has_piled_up_is_written_many_at_a_time(tmp_path: Path) -> None:
    attempts = Attempts()
    lines, database = tmp_path / "audit.jsonl", tmp_path / "cases.db"
    sinks = {
        "audit": {"kind": "jsonl", "path": str(lines)},
        "cases": {"kind": "sql", "url": f"sqlite:///{database}"},
    }
    cases = [f"case_{number:03}" for number in range(200)]
    with Receiver(SECRET, tmp_path / "inbox", sinks=sinks, dispatch=False) as receiver:
        for case in cases:
            headers, body = notification(f"evt_{case}", "status-changed", case_id=case)
            assert receiver.handle("POST", headers, body).status == 202

    with Receiver(SECRET, tmp_path / "inbox", [attempts], sinks=sinks):
        told = [attempts.queue.get(timeout=30) for _ in range(2 * len(cases))]

    assert {outcome for _, _, outcome in told} == {"delivered"}
    assert len(lines.read_text("utf-8").splitlines()) == len(cases)
    with closing(sqlite3.connect(database)) as connection:
        ((events, batches),) = connection.execute(
            "SELECT count(*), count(DISTINCT recorded_at) FROM fulfillment_events"
        )
    assert events == len(cases)
    assert batches <= len(cases) / 4
