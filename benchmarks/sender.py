"""The relay with a destination per endpoint and the webhook sink, in a process of its own.

`drain`: a backlog goes out as fast as it can. `paced`: events are accepted at a steady rate, and
the time of each is kept. `bare`: the sink alone, without the relay: what posting can do at best.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks import events
from benchmarks.processes import Spec, end_with_parent, many_files, tell, wait_for_word
from benchmarks.relays import KEYS, fill
from fulfillment_sdk.plugins.webhooks.addresses import anything
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Delivery, Destination, Event, Relay

TICK = 0.01
AT_ONCE = 128
MOST = 64


def new_sink(spec: Spec) -> WebhookSink:
    """Make the sink as the gateway has it, but for plain HTTP to loopback."""
    return WebhookSink(allow=anything, schemes=frozenset({"http"}), timeout=float(spec["timeout"]))


def settings(port: int) -> dict[str, object]:
    """Return what the sink needs to know of an endpoint."""
    return {"url": f"http://127.0.0.1:{port}/hook", "secrets": [events.SECRET]}


def open_relay(spec: Spec) -> Relay:
    """Open the relay with a destination for each endpoint, which gets its owner's events."""
    relay = Relay(spec["place"], sinks={"webhook": new_sink(spec)}, keys=KEYS)
    destinations = [
        Destination(
            f"sub{number}",
            "webhook",
            owner=f"org{number}",
            settings=settings(port),
            timeout=float(spec["timeout"]) + 5,
        )
        for number, port in enumerate(spec["ports"])
    ]
    relay.store.write(
        lambda connection: [relay.put_destination(connection, one) for one in destinations]
    ).result()
    return relay


def made(spec: Spec) -> Iterator[Event]:
    """Make the events; the endpoints take turns."""
    ports, count = len(spec["ports"]), int(spec["events"])
    for index in range(count):
        number, nth = index % ports, index // ports
        yield Event(
            id=events.event_id(spec["run"], index),
            type=events.TYPE,
            lane=f"case_{number}_{nth // events.EVENTS_PER_CASE}",
            sequence=nth % events.EVENTS_PER_CASE + 1,
            body=events.body(spec["run"], index, count),
            owner=f"org{number}",
        )


async def drain(spec: Spec) -> None:
    """Line everything up, then dispatch."""
    relay = open_relay(spec)
    fill(relay, list(made(spec)))
    tell(ready=True)
    wait_for_word()
    end_with_parent()
    async with relay.running():
        await asyncio.Event().wait()


async def paced(spec: Spec) -> None:
    """Dispatch, and accept so many events a second until there are none left."""
    relay, rate = open_relay(spec), float(spec["rate"])
    waiting = list(made(spec))
    at: list[float] = []
    tell(ready=True)
    wait_for_word()
    end_with_parent()
    async with relay.running():
        begin, pending = time.monotonic(), []
        while len(at) < len(waiting):
            due = min(len(waiting), len(at) + MOST, int((time.monotonic() - begin) * rate) + 1)
            some = waiting[len(at) : due]
            for event in some:
                at.append(time.monotonic())
                pending.append(relay.accept(event))
            await asyncio.sleep(0 if len(some) == MOST else TICK)
        for future in pending:
            await future
        _write(spec["times"], at)
        tell(accepted=len(at), seconds=time.monotonic() - begin)
        await asyncio.Event().wait()


async def bare(spec: Spec) -> None:
    """Post each event, as the sink does, with nothing kept."""
    sink = new_sink(spec)
    waiting = iter(
        [
            Delivery(event=event, destination=event.owner, attempt=1, settings=settings(port))
            for event, port in zip(made(spec), _round(spec["ports"]), strict=False)
        ]
    )

    async def poster() -> None:
        for delivery in waiting:
            await sink.deliver(delivery)

    tell(ready=True)
    wait_for_word()
    end_with_parent()
    await sink.open()
    await asyncio.gather(*(poster() for _ in range(AT_ONCE)))
    await sink.close()


def _write(path: str, at: list[float]) -> None:
    Path(path).write_text(json.dumps(at))


def _round(ports: list[int]) -> Iterator[int]:
    while True:
        yield from ports


ROLES = {"drain": drain, "paced": paced, "bare": bare}


if __name__ == "__main__":
    many_files()
    uvloop.run(ROLES[sys.argv[1]](json.loads(sys.argv[2])))
