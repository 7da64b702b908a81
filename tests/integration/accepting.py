"""A process that accepts a few cases' events for one owner, and may be killed meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier

import attrs

from fulfillment_sdk.relay import Event, Relay

KEYS = [("k", b"k" * 32)]
OWNER = "org"
PATIENCE = 60  # seconds

_CONTEXT = multiprocessing.get_context("forkserver")


@attrs.frozen
class Task:
    """What one process accepts.

    Args:
        url: of the database.
        name: of the process: its cases begin with it.
        cases: how many go on side by side.
        steps: events of each.
        killed_at: the step in the middle of which it is killed; 0 for none.
    """

    url: str
    name: str
    cases: int
    steps: int
    killed_at: int = 0

    @property
    def events(self) -> list[list[Event]]:
        """The events, step by step."""
        return [
            [self._event(f"{self.name}-{case}", step) for case in range(self.cases)]
            for step in range(1, self.steps + 1)
        ]

    def _event(self, case: str, step: int) -> Event:
        return Event(f"{case}-{step}", "t", case, step, b"{}", OWNER)


@contextmanager
def begun(*tasks: Task) -> Iterator[list[ForkServerProcess]]:
    """Start processes, which begin to accept when all of them are there; nobody is left behind."""
    together = _CONTEXT.Barrier(len(tasks))
    processes = [_CONTEXT.Process(target=accept, args=(task, together)) for task in tasks]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def accept(task: Task, together: Barrier) -> None:
    """Accept a step of all cases at once, and the next one when that is durable."""
    relay = Relay(task.url, sinks={}, keys=KEYS, feeds=True)
    together.wait(PATIENCE)
    for step, batch in enumerate(task.events, 1):
        futures = [relay.accept(event) for event in batch]
        stranger = Event(f"{task.name}-{step}", "t", task.name, None, b"{}", f"other-{step % 2}")
        futures.append(relay.accept(stranger))
        if step == task.killed_at:
            futures[0].result(PATIENCE)
            os.kill(os.getpid(), signal.SIGKILL)
        for future in futures:
            future.result(PATIENCE)
    relay.close()
