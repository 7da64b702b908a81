"""What a contender does between accept and delivered, and the process that it does it in."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import attrs

from benchmarks import events
from benchmarks.processes import end_with_parent, many_files, tell, wait_for_word


@attrs.frozen
class Job:
    """Where a contender works, on how many events, and where it notes what it delivered."""

    place: str
    notes: str
    events: int
    run: str = "through"

    def bodies(self) -> Iterator[tuple[int, int, bytes]]:
        """Return the case, the sequence and the body of each event."""
        for index in range(self.events):
            case, sequence = events.case_and_sequence(index, self.events)
            yield case, sequence, events.body(self.run, index, self.events)


class Contender(Protocol):
    """A queue of tasks, or a relay."""

    def setup(self, job: Job) -> None:
        """Make the tables."""

    def produce(self, job: Job, go: Callable[[], None]) -> None:
        """Get ready, call `go`, then hand in each event by itself, durably."""

    def fill(self, job: Job) -> None:
        """Hand in all events, however that is fastest: this is not measured."""

    def work(self, job: Job, go: Callable[[], None]) -> None:
        """Get ready, call `go`, then deliver until the process is ended."""


def main(contender: Contender) -> None:
    """Play the role that the command line names."""
    role, job = sys.argv[1], Job(**json.loads(sys.argv[2]))
    many_files()
    if role in ("setup", "fill"):
        (contender.setup if role == "setup" else contender.fill)(job)
        tell(done=True)
        return
    act = contender.produce if role == "produce" else contender.work
    begin = 0.0

    def go() -> None:
        nonlocal begin
        tell(ready=True)
        wait_for_word()
        if role != "produce":
            end_with_parent()
        begin = time.monotonic()

    act(job, go)
    tell(begin=begin, seconds=time.monotonic() - begin)
