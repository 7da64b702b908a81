"""Huey with SqliteHuey(fsync=True): WAL, `synchronous=FULL`, a commit per task; no order by case.

Four worker threads (three times as fast as one), no periodic tasks, no results; the delay between
looks at an empty queue is as small as it gets. Handed in from four threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from huey import SqliteHuey

from benchmarks.notes import Notes
from benchmarks.peers.roles import Job, main

CALLERS, WORKERS = 4, 4


class Huey:
    """Tasks in an SQLite file."""

    def setup(self, job: Job) -> None:
        """Make the file."""
        _huey(job)

    def produce(self, job: Job, go: Callable[[], None]) -> None:
        """Enqueue from several threads at once."""
        _, deliver = _huey(job)
        waiting = list(job.bodies())
        with ThreadPoolExecutor(CALLERS) as threads:
            go()
            shares = [waiting[at::CALLERS] for at in range(CALLERS)]
            list(threads.map(lambda share: [deliver(*one) for one in share], shares))

    def fill(self, job: Job) -> None:
        """Enqueue without waiting for the disk."""
        _, deliver = _huey(job, fsync=False)
        for case, sequence, body in job.bodies():
            deliver(case, sequence, body)

    def work(self, job: Job, go: Callable[[], None]) -> None:
        """Run its consumer."""
        huey, _ = _huey(job)
        consumer = huey.create_consumer(
            workers=WORKERS, periodic=False, initial_delay=0.001, backoff=1.0, max_delay=0.001
        )
        go()
        consumer.run()


def _huey(
    job: Job, *, fsync: bool = True
) -> tuple[SqliteHuey, Callable[[int, int, bytes], object]]:
    huey = SqliteHuey("bench", filename=f"{job.place}/huey.db", fsync=fsync, results=False)
    note = Notes(job.notes)

    def deliver(case: int, sequence: int, _body: bytes) -> None:
        note(case, sequence)

    return huey, huey.task()(deliver)


if __name__ == "__main__":
    main(Huey())
