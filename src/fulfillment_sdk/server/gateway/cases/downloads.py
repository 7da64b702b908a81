"""An answer that is passed on while it comes in, to be saved and never to be shown in a page."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from fulfillment_sdk.server.gateway.upstream.streams import Download

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "sandbox",
}

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)


def file_name(name: str, ending: str) -> str:
    """Return a name that is harmless in a header and in any folder."""
    return (_UNSAFE.sub("_", name)[:100].lstrip(".") or "report") + ending


class PassedOn(StreamingResponse):
    """A streamed answer that lets go of its source however it ends, also if it never began.

    ``stack`` holds the source open; ``headers`` are added to those of every download.
    """

    def __init__(
        self,
        source: Download,
        stack: AsyncExitStack,
        *,
        media_type: str,
        headers: dict[str, str],
    ) -> None:
        length = {} if source.length is None else {"Content-Length": source.length}
        super().__init__(
            source.chunks, media_type=media_type, headers={**HEADERS, **length, **headers}
        )
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with self._stack:
            await super().__call__(scope, receive, send)
