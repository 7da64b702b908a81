"""Three workers accept; one of them passes on, and another takes over when it ends."""

from __future__ import annotations

workers = 3
worker_class = "gthread"  # a slow sender holds up a thread, and not a worker
threads = 8


def post_worker_init(worker: object) -> None:
    from app import receiver

    receiver.start()
