"""Celery with Redis, which syncs its append-only file before it answers; no order by case.

`acks_late`, so that a killed worker loses no task; a prefork pool of two; no results, a prefetch of
64, no gossip, mingle or heartbeat. Eight threads hand in.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import celery

from benchmarks.notes import Notes
from benchmarks.peers.roles import Job, main

CALLERS = 8


class Celery:
    """Tasks in a Redis list."""

    def setup(self, job: Job) -> None:
        """There is nothing to make."""

    def produce(self, job: Job, go: Callable[[], None]) -> None:
        """Hand in from several threads at once."""
        _, deliver = _app(job)
        waiting = [(case, sequence, body.decode()) for case, sequence, body in job.bodies()]
        with ThreadPoolExecutor(CALLERS) as threads:
            go()
            shares = [waiting[at::CALLERS] for at in range(CALLERS)]
            list(threads.map(lambda share: [deliver.delay(*one) for one in share], shares))

    def fill(self, job: Job) -> None:
        """Hand in as ever."""
        self.produce(job, lambda: None)

    def work(self, job: Job, go: Callable[[], None]) -> None:
        """Run a worker."""
        app, _ = _app(job)
        go()
        app.worker_main(
            [
                *("worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "ERROR"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ]
        )


def _app(job: Job) -> tuple[celery.Celery, celery.Task]:
    app = celery.Celery("bench", broker=job.place)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=64,
        broker_pool_limit=CALLERS,
        worker_hijack_root_logger=False,
    )
    note = Notes(job.notes)

    def deliver(case: int, sequence: int, body: str) -> None:
        note(case, sequence)

    return app, app.task(name="deliver")(deliver)


if __name__ == "__main__":
    main(Celery())
