"""What goes wrong in a loop and is nobody's to be told: a task of a sink's own, a callback."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any

log = logging.getLogger("fulfillment_sdk.relay")


def tell_by_kind(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log it by its kind and place; for `set_exception_handler` of a loop that sinks run in.

    An exception's words, and a callback's arguments, may quote an event: Python would log both.
    """
    error: BaseException | None = context.get("exception")
    if error is None:
        log.error("a sink's loop: %s", context.get("message"))
        return
    places = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    place = "{}:{}".format(*places[-1]) if places else "an unknown place"
    log.error("a sink's loop: %s at %s, which nobody awaits", type(error).__name__, place)
