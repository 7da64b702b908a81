"""What the WSGI and the ASGI application need of a receiver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fulfillment_sdk.receiver.reply import Reply


class Handler(Protocol):
    """Answers requests; it starts with the first one, or when it is told to."""

    def handle(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request, and wait in this thread until it is durable."""
        ...

    async def handle_async(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request without blocking the loop."""
        ...

    def ensure_started(self) -> None:
        """Start if nobody has; a failure is logged, and not raised."""
        ...

    def start(self) -> None:
        """Open the store and pass events on."""
        ...

    def stop(self) -> None:
        """Finish what is in hand, and close the store."""
        ...
