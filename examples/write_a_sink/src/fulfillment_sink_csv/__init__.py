"""A sink that appends one line to a CSV file for every completed case."""

from __future__ import annotations

import csv
import os
import threading
from pathlib import Path

import attrs

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models.events import CaseCompleted
from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry

COLUMNS = ("event_id", "completed_at", "case_id", "reference_number", "outcome")


@attrs.frozen
class CsvSettings:
    """What a configuration says: `{"kind": "csv", "path": "completed.csv"}`."""

    path: Path


class CsvSink:
    """One file, written by one thread at a time."""

    def __init__(self, settings: CsvSettings) -> None:
        self._path = settings.path
        self._lock = threading.Lock()

    def deliver(self, delivery: Delivery) -> Outcome:
        """Append the case's line, unless it is there already.

        After a crash an event can come twice, always under the same id: hence the look before the
        write. A disk that is full today may have room tomorrow: hence `Retry`. An event that lacks
        what the line needs will lack it tomorrow too: hence `Reject`.
        """
        try:
            event = wire.load_event(delivery.body)
        except PayloadError:
            return Reject("the event lacks what the line needs")
        if not isinstance(event, CaseCompleted):
            return Delivered("not a completion")
        line = (
            event.id,
            event.completed_at,
            event.case_id,
            event.reference_number,
            event.outcome or "",
        )
        try:
            with self._lock:
                self._append(line)
        except OSError as error:
            return Retry(f"the file can't be written ({type(error).__name__})")
        return Delivered()

    def _append(self, line: tuple[str, ...]) -> None:
        with self._path.open("a+", newline="", encoding="utf-8") as file:
            file.seek(0)
            known = {row[0] for row in csv.reader(file) if row}
            writer = csv.writer(file)
            if not known:
                writer.writerow(COLUMNS)
            if line[0] not in known:
                writer.writerow(line)
            # "Delivered" is a promise: the line has to be on the disk before it is given.
            file.flush()
            os.fsync(file.fileno())


@hookimpl
def fulfillment_register_sinks(register: RegisterSink) -> None:
    """Offer the kind `csv`."""
    register("csv", CsvSettings, CsvSink)
