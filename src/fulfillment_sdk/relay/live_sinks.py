"""Sinks as they live: opened and closed each alone, so that one without its peer stops no other."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping

from fulfillment_sdk.relay.values import Sink

log = logging.getLogger("fulfillment_sdk.relay")

RETRY_SECONDS = 5.0


class LiveSinks:
    """Opens sinks, goes on trying with those that fail, and closes what was opened.

    Args:
        sinks: kind -> sink.
        on_open: called when a sink opened that had failed before.
        retry: seconds between tries.
    """

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        *,
        on_open: Callable[[], None],
        retry: float = RETRY_SECONDS,
    ) -> None:
        self.ready: dict[str, Sink] = {}
        """The sinks that can deliver; what is meant for the others waits."""
        self._sinks = sinks
        self._on_open = on_open
        self._retry = retry
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Open each sink once; those that fail are tried again in the background."""
        for kind in self._sinks:
            if not await self._open(kind):
                self._tasks.append(asyncio.create_task(self._keep_trying(kind)))

    async def close(self) -> None:
        """Close every sink, also one that did not open all the way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for kind, sink in self._sinks.items():
            try:
                await _call(sink, "close")
            except Exception as error:  # noqa: BLE001  a stranger's code may raise anything
                log.error("sink %r did not close: %s", kind, type(error).__name__)

    async def _open(self, kind: str) -> bool:
        sink = self._sinks[kind]
        try:
            await _call(sink, "open")
        except Exception as error:  # noqa: BLE001  a stranger's code may raise anything
            log.error(
                "sink %r did not open, its events wait: %s; next try in %g s",
                kind,
                type(error).__name__,
                self._retry,
            )
            return False
        self.ready[kind] = sink
        return True

    async def _keep_trying(self, kind: str) -> None:
        while True:
            await asyncio.sleep(self._retry)
            if await self._open(kind):
                log.info("sink %r opened", kind)
                self._on_open()
                return


async def _call(sink: Sink, method: str) -> None:
    function = getattr(sink, method, None)
    if function is not None:
        result = function()
        if inspect.isawaitable(result):
            await result
