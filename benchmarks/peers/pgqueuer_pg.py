"""PgQueuer on PostgreSQL with asyncpg (the faster of its drivers), tables logged; no order by case.

As its own benchmark does it: consumers in one process, each with its connection; with two of them
and batches of 100 it is twice as fast as with that one's five and 10. Handed in from 16 callers.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
from collections.abc import Callable

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job as QueuedJob
from pgqueuer.queries import Queries

from benchmarks.notes import Notes
from benchmarks.peers.roles import Job, main

CALLERS, CONSUMERS, BATCH = 16, 2, 100
_HEAD = struct.Struct("<II")


class Queue:
    """Jobs in a PostgreSQL table."""

    def setup(self, job: Job) -> None:
        """Install its tables."""
        asyncio.run(_setup(job))

    def produce(self, job: Job, go: Callable[[], None]) -> None:
        """Enqueue from several tasks at once."""
        asyncio.run(_produce(job, go))

    def fill(self, job: Job) -> None:
        """Enqueue in batches."""
        asyncio.run(_fill(job))

    def work(self, job: Job, go: Callable[[], None]) -> None:
        """Run its consumers."""
        asyncio.run(_work(job, go))


async def _setup(job: Job) -> None:
    connection = await asyncpg.connect(job.place)
    await Queries(AsyncpgDriver(connection)).install()
    await connection.close()


async def _produce(job: Job, go: Callable[[], None]) -> None:
    waiting = iter(list(job.bodies()))
    async with asyncpg.create_pool(job.place, min_size=CALLERS, max_size=CALLERS) as pool:
        queries = Queries(AsyncpgPoolDriver(pool))

        async def caller() -> None:
            for case, sequence, body in waiting:
                await queries.enqueue("deliver", _HEAD.pack(case, sequence) + body)

        go()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))


async def _fill(job: Job) -> None:
    connection = await asyncpg.connect(job.place)
    queries = Queries(AsyncpgDriver(connection))
    payloads = (_HEAD.pack(case, sequence) + body for case, sequence, body in job.bodies())
    some: list[bytes | None]
    while some := list(itertools.islice(payloads, 1000)):
        await queries.enqueue(["deliver"] * len(some), some, [0] * len(some))
    await connection.close()


async def _work(job: Job, go: Callable[[], None]) -> None:
    note = Notes(job.notes)

    async def deliver(queued: QueuedJob) -> None:
        assert queued.payload is not None
        note(*_HEAD.unpack_from(queued.payload))

    consumers = []
    for _ in range(CONSUMERS):
        consumer = PgQueuer(AsyncpgDriver(await asyncpg.connect(job.place)))
        consumer.entrypoint("deliver")(deliver)
        consumers.append(consumer)
    go()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*(consumer.run(batch_size=BATCH) for consumer in consumers))


if __name__ == "__main__":
    main(Queue())
