"""Writers that are kept busy, so that what is submitted meanwhile shares one commit."""

from __future__ import annotations

import threading
from collections.abc import Callable

import sqlalchemy as sa

from fulfillment_sdk.store import Store


def held_writer(store: Store) -> Callable[[], None]:
    """Keep all the store's writers busy until the returned function is called."""
    go = threading.Event()
    # Each takes all that is queued: so they are held one after the other.
    for _ in store._open_here().writer._threads:
        busy = threading.Event()

        def hold(_connection: sa.Connection, busy: threading.Event = busy) -> None:
            busy.set()
            go.wait(10)

        holding = store.write(hold)
        assert not holding.done()
        assert busy.wait(10)
    return go.set
