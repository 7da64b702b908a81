"""The portal: cases, the people who work on them, and the notifications of every step.

One actor with a store and credentials of its own; it knows the gateway by its address alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from fulfillment_sdk.relay import Sink
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.portal.desk import Ids, new_id
from fulfillment_sdk.server.portal.party import Portal

__all__ = ["Portal", "create_portal"]


def create_portal(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    ids: Ids = new_id,
    sink: Sink | None = None,
) -> Portal:
    """Return the portal, not started yet.

    ``clock`` gives epoch seconds, ``ids`` an id for a prefix such as ``"case"``; ``sink`` carries
    the notifications to the gateway (by default signed webhooks). Contract, sections 3, 4 and 7.
    """
    return Portal(settings, clock=clock, ids=ids, sink=sink)
