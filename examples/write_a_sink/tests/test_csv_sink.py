"""Completions that arrive at a receiver end up in the file, once each."""

from __future__ import annotations

import csv
import json
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fulfillment_sink_csv
import pytest
from fulfillment_sink_csv import COLUMNS, CsvSettings, CsvSink

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import Attempt, Delivered, Delivery, Event, Retry
from fulfillment_sdk.testing import SinkContract

SECRET = signing.new_secret()


def completion(event_id: str, case_id: str) -> bytes:
    """A completion as the gateway sends it, without its longer parts."""
    data = {
        "case_id": case_id,
        "reference_number": "HL-CMS-000123",
        "new_status": "qc_passed",
        "completed_at": "2025-04-06T16:00:00.000000Z",
        "outcome": "positive",
        "sequence": 6,
    }
    return json.dumps({"id": event_id, "type": "case.completed", "data": data}).encode()


def send(receiver: Receiver, body: bytes) -> int:
    """Post a notification to the receiver, signed as the gateway would sign it."""
    headers = signing.headers([SECRET], json.loads(body)["id"], int(time.time()), body)
    return receiver.handle("POST", {"Content-Type": "application/json", **headers}, body).status


class Observer:
    """Tells the test when something was delivered."""

    def __init__(self) -> None:
        self.attempts: queue.SimpleQueue[Attempt] = queue.SimpleQueue()

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        self.attempts.put(attempt)


def delivery(body: bytes) -> Delivery:
    event_id = json.loads(body)["id"]
    event = Event(event_id, "case.completed", lane="case_1", sequence=6, body=body)
    return Delivery(event=event, destination="completed", attempt=1)


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


class TestContract(SinkContract):
    """What is asked of every sink: `docs/sinks.md` says why."""

    types = ("case.completed",)
    plugin = fulfillment_sink_csv

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "disk" / "completed.csv"
        self.path.parent.mkdir()

    def make_sink(self) -> CsvSink:
        return CsvSink(CsvSettings(self.path))

    def peer_received(self) -> list[str]:
        return [row[0] for row in rows(self.path)] if self.path.exists() else []

    @contextmanager
    def peer_away(self) -> Iterator[None]:
        self.path.parent.rename(self.path.parent.with_name("unmounted"))
        yield
        self.path.parent.with_name("unmounted").rename(self.path.parent)


def test_every_completed_case_gets_a_line_once(tmp_path: Path) -> None:
    path = tmp_path / "completed.csv"
    sinks = {
        "completed": {
            "kind": "csv",
            "path": str(path),
            "events": ["case.completed"],
            "disclosure": "operational",  # the outcome is no routing fact
        }
    }
    observer = Observer()
    with Receiver([SECRET], tmp_path / "receiver", [observer], sinks=sinks) as receiver:
        answers = [
            send(receiver, completion("evt_1", "case_1")),
            send(receiver, completion("evt_2", "case_2")),
            send(receiver, completion("evt_1", "case_1")),
        ]
        delivered = [observer.attempts.get(timeout=20).outcome for _ in range(2)]

    assert answers == [202, 202, 200]
    assert delivered == ["delivered", "delivered"]
    header, *lines = rows(path)
    assert tuple(header) == COLUMNS
    assert sorted(line[2] for line in lines) == ["case_1", "case_2"]


def test_an_event_that_comes_again_after_a_crash_adds_no_line(tmp_path: Path) -> None:
    body = completion("evt_1", "case_1")
    path = tmp_path / "completed.csv"

    outcomes = [CsvSink(CsvSettings(path)).deliver(delivery(body)) for _ in range(2)]

    assert outcomes == [Delivered(), Delivered()]
    assert len(rows(path)) == 2


def test_a_file_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    sink = CsvSink(CsvSettings(tmp_path / "no such folder" / "completed.csv"))

    outcome = sink.deliver(delivery(completion("evt_1", "case_1")))

    assert outcome == Retry("the file can't be written (FileNotFoundError)")


def test_a_misspelt_setting_is_found_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"Did you mean path\?"):
        Receiver([SECRET], tmp_path, sinks={"completed": {"kind": "csv", "paht": "x.csv"}})
