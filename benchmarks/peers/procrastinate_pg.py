"""Procrastinate on PostgreSQL, asynchronous (as it recommends): a lock per case keeps order.

To its favour: four jobs at once (16 are slower), done ones deleted, and 16 callers that defer.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import procrastinate

from benchmarks.notes import Notes
from benchmarks.peers.roles import Job, main

AT_ONCE, WORKERS = 16, 4


class Procrastinate:
    """Tasks in a PostgreSQL table."""

    def setup(self, job: Job) -> None:
        """Apply its schema."""
        asyncio.run(_setup(job))

    def produce(self, job: Job, go: Callable[[], None]) -> None:
        """Defer from several tasks at once."""
        asyncio.run(_produce(job, go))

    def fill(self, job: Job) -> None:
        """Defer in batches."""
        asyncio.run(_fill(job))

    def work(self, job: Job, go: Callable[[], None]) -> None:
        """Run a worker."""
        asyncio.run(_work(job, go))


def _app(job: Job) -> tuple[procrastinate.App, procrastinate.tasks.Task]:
    connector = procrastinate.PsycopgConnector(
        conninfo=job.place, min_size=AT_ONCE, max_size=AT_ONCE + 4
    )
    app = procrastinate.App(connector=connector)
    note = Notes(job.notes)

    async def deliver(case: int, sequence: int, body: str) -> None:
        note(case, sequence)

    return app, app.task(name="deliver", queue="bench")(deliver)


async def _setup(job: Job) -> None:
    app, _ = _app(job)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def _produce(job: Job, go: Callable[[], None]) -> None:
    app, deliver = _app(job)
    waiting = iter(list(job.bodies()))

    async def caller() -> None:
        for case, sequence, body in waiting:
            task = deliver.configure(lock=str(case))
            await task.defer_async(case=case, sequence=sequence, body=body.decode())

    async with app.open_async():
        go()
        await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


async def _fill(job: Job) -> None:
    app, deliver = _app(job)
    async with app.open_async():
        bodies = job.bodies()
        while some := list(itertools.islice(bodies, 1000)):
            jobs = [
                deliver.configure(lock=str(case)).make_new_job(
                    case=case, sequence=sequence, body=body.decode()
                )
                for case, sequence, body in some
            ]
            await app.job_manager.batch_defer_jobs_async(jobs=jobs)


async def _work(job: Job, go: Callable[[], None]) -> None:
    app, _ = _app(job)
    async with app.open_async():
        go()
        await app.run_worker_async(
            queues=["bench"], concurrency=WORKERS, delete_jobs="always", listen_notify=True
        )


if __name__ == "__main__":
    main(Procrastinate())
