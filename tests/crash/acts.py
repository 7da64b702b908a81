"""What a life does once its events are handed in, and with what patience it stops."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import sqlalchemy as sa

from fulfillment_sdk.relay import Relay
from fulfillment_sdk.relay.schema import deliveries
from fulfillment_sdk.relay.upkeep import replay, retention

from .points import Act
from .sinks import InLoop

LONGEST_SECONDS = 40.0
_SMALL = {replay: 10, retention: 10}  # rows of a batch: a life has some dozen events
_EVEN_THE_YOUNGEST = -1.0  # seconds that an event is kept

_PENDING = sa.select(sa.func.count()).select_from(deliveries)


def held_after(act: Act) -> int | None:
    """Return after how many sends in order the others are held until the act lets them go."""
    return 5 if act in ("stop", "sweep") else None


def grace_of(act: Act) -> float:
    """Return the seconds that a life has to end what is under way."""
    return 0.05 if act == "stop" else 5.0


def perform(act: Act, relay: Relay, sink: InLoop, stays_until: Path | None) -> None:
    """Do what there is to do, up to the moment at which the relay is to stop."""
    if held_after(act) is not None:
        assert sink.holds.wait(LONGEST_SECONDS), "nothing is under way"
    if act == "stop":
        return
    for module, rows in _SMALL.items():
        setattr(module, "BATCH", rows)  # noqa: B010  it is final to everybody else
    if act == "sweep":
        asyncio.run(_sweep_until_all_has_arrived(relay, sink))
        return
    until_all_has_arrived(relay, stays_until)
    if act == "replay":
        relay.replay_many(dead_only=False).result()
        until_all_has_arrived(relay, None)


def until_all_has_arrived(relay: Relay, stays_until: Path | None) -> None:
    """Wait until nothing is pending, and that file is there."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while (left := relay.store.read(lambda c: c.execute(_PENDING).scalar_one()).result()) or (
        stays_until is not None and not stays_until.exists()
    ):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} deliveries are still pending")
        time.sleep(0.02)


async def _sweep_until_all_has_arrived(relay: Relay, sink: InLoop) -> None:
    """Remove what has arrived: while the rest is held, while it is sent, and after that."""
    deadline = time.monotonic() + LONGEST_SECONDS
    left = 1
    while left:
        left = await relay.store.read(lambda c: c.execute(_PENDING).scalar_one())
        await retention.sweep(relay.store, _EVEN_THE_YOUNGEST, sleep=_hardly)
        sink.goes_on.set()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} deliveries are still pending")
        await _hardly(0)


async def _hardly(_seconds: float) -> None:
    await asyncio.sleep(0.005)
