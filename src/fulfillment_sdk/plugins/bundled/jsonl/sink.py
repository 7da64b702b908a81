"""Delivers into a file: one line for each event, one fsync for all that come together."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence

from fulfillment_sdk.plugins.batching import Batcher
from fulfillment_sdk.plugins.bundled.jsonl import JsonlSettings
from fulfillment_sdk.plugins.bundled.jsonl.line_file import LineFile
from fulfillment_sdk.plugins.bundled.jsonl.lines import line_of
from fulfillment_sdk.plugins.bundled.jsonl.rotation import Rotation
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry

NO_OBJECT = Reject("the event is no JSON object")


class JsonlSink:
    """Appends a line to a file for each event.

    A line that can't be written is a `Retry`: disks are emptied and mounted again. A body that is
    no JSON object is a `Reject`. After a crash an event may stand there twice, with one id.
    """

    def __init__(self, settings: JsonlSettings, *, clock: Callable[[], float] = time.time) -> None:
        rotation = Rotation(settings.rotate_bytes, settings.rotate_daily, settings.keep)
        self._file = LineFile(
            settings.path.absolute(), rotation=rotation, fsync=settings.fsync, clock=clock
        )
        self._batcher = Batcher(self._write, name="jsonl")

    async def open(self) -> None:
        """Open the file and mend its end; raises `OSError` where that can't be done."""
        await self._batcher.in_thread(self._file.open)

    async def close(self) -> None:
        """Finish what is being written, and close the file."""
        await self._batcher.in_thread(self._file.close)
        self._batcher.close()

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Write one event, with those beside it."""
        return await self._batcher.deliver(delivery)

    def _write(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        lines = [line_of(delivery) for delivery in deliveries]
        try:
            self._file.append([line for line in lines if line is not None])
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise  # the relay tells these from a file's own trouble
            failed = Retry(f"can't write ({errno.errorcode.get(error.errno or 0, 'OSError')})")
            return [NO_OBJECT if line is None else failed for line in lines]
        return [NO_OBJECT if line is None else Delivered() for line in lines]
