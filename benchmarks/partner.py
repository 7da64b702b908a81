"""The partner's end of `hops`: what notifications come to, and the note of when each was there.

`receiver`: the kit's own, mounted on uvicorn as a partner would, with a plugin that notes: an event
is there once it has been stored, acknowledged, and handed to the plugin. `endpoint`: the least that
can answer, with a 204; an event is there once it was read.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import sys
from typing import cast

import uvloop

from benchmarks import events
from benchmarks.notes import Notes
from benchmarks.processes import Spec, end_with_parent, many_files, tell
from benchmarks.servers import serve
from fulfillment_sdk.models import StatusChanged
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.receiver import Receiver

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CASE = re.compile(rb'"reference_number":"HL-CMS-(\d+)"')
_SEQUENCE = re.compile(rb'"sequence":(\d+)')
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


def number_of(reference_number: str) -> int:
    """Return the number in a case's reference number."""
    return int(reference_number.rpartition("-")[2])


class Noting:
    """A partner's plugin that notes each change."""

    def __init__(self, notes: str) -> None:
        self._note = Notes(notes)

    @hookimpl
    async def fulfillment_status_changed(self, event: StatusChanged) -> None:
        """Note it."""
        self._note(number_of(event.reference_number), event.sequence or 0)


class Endpoint(asyncio.Protocol):
    """A connection to the endpoint that only answers."""

    def __init__(self, note: Notes) -> None:
        self._note = note
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Note and answer each whole request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, end + 2)
            whole = end + 4 + (int(length.group(1)) if length else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            case, sequence = _CASE.search(body), _SEQUENCE.search(body)
            assert case is not None
            assert sequence is not None
            self._note(int(case.group(1)), int(sequence.group(1)))
            assert self._transport is not None
            self._transport.write(_ANSWER)


async def answer(note: Notes) -> None:
    """Be the endpoint, on a free port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(functools.partial(Endpoint, note), "127.0.0.1", 0)
    end_with_parent()
    tell(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


def main(kind: str, spec: Spec) -> None:
    """Be the partner of that kind."""
    if kind == "endpoint":
        many_files()
        uvloop.run(answer(Notes(spec["notes"])))
        return
    plugins = [Noting(spec["notes"])]
    keys = [("bench", bytes(32))]
    receiver = Receiver(
        events.SECRET, spec["data"], plugins, load_entry_points=False, storage_keys=keys
    )
    serve(receiver.asgi())


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
