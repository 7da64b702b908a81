"""What the shell knows of a party: routes to mount, something to start, something to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from starlette.routing import BaseRoute

from fulfillment_sdk.relay import Relay


@runtime_checkable
class Party(Protocol):
    """The gateway or the portal, as the shell sees it."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The party's routes, with absolute paths; known before ``start``."""

    async def start(self) -> None:
        """Open the store and start the dispatcher in the running loop.

        Raises a ``FulfillmentError`` with a remedy where the party cannot start.
        """

    def end_waits(self) -> None:
        """Answer at once those whose requests wait for news: the server is about to stop."""

    async def stop(self) -> None:
        """Finish or hand back what is in hand, then close; harmless when not started."""

    def problems(self) -> list[str]:
        """Say why the party cannot do its work now; empty means ready.

        Each entry is one line without personal data: it is served by ``/readyz``.
        """

    def relays(self) -> Mapping[str, Relay]:
        """Return the party's relay by the party's name, while it runs: ``/metrics`` tells of it."""
