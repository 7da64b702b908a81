"""Running: a receiver starts with whoever needs it first, in the process that serves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from fulfillment_sdk.receiver.intake import in_short
from fulfillment_sdk.receiver.process import PerProcess
from fulfillment_sdk.receiver.reply import RETRY_AFTER
from fulfillment_sdk.relay import Relay

logger = logging.getLogger(__name__)

STORE_SECONDS = 10.0
"""How long an answer waits for the store: less than the 15 s that a sender waits for the answer."""

START_SECONDS = 1.0
"""How long an answer waits for sinks to open: what is accepted by then waits for them as well."""


class Running:
    """The part of a receiver that starts and stops."""

    _process: PerProcess
    _dispatch: bool

    @property
    def relay(self) -> Relay:
        """This process's relay: what is undelivered, dead letters, replay. Opened if need be."""
        return self._process.open()

    def start(self) -> None:
        """Open the store and pass events on from a thread; a second call does nothing.

        Raises:
            StoreError: the keys are not those of what is in there.
            StoreUnavailable: the database can't be used.
        """
        self._process.start()

    def stop(self) -> None:
        """Finish what is in hand, end the thread and close the store."""
        self._process.stop()

    def ensure_started(self) -> None:
        """Start if nobody has; where that fails, log it and leave it alone for some seconds."""
        try:
            self._process.ensure_started(patience=START_SECONDS, rest=RETRY_AFTER)
        except Exception as error:  # noqa: BLE001 - a request must be answered all the same
            logger.error("the receiver can't start: %s", in_short(error))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Pass events on in the running loop instead of a thread, for as long as the block runs.

        For hosts whose `async def` hooks need the host's own loop, such as its connection pools.
        """
        relay = await asyncio.to_thread(self._process.open)
        await asyncio.to_thread(relay.stop)  # what a request has begun, if one came before
        try:
            async with relay.running() if self._dispatch else contextlib.nullcontext():
                yield self
        finally:
            await asyncio.to_thread(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
