"""uvicorn's protocol in pure Python, with bounds on what a peer may do to it."""

from __future__ import annotations

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from fulfillment_sdk.server.connections.guarded import Guarded
from fulfillment_sdk.server.connections.patience import Stage


class BoundedH11(Guarded, H11Protocol):
    """Bounded in its head by ``h11_max_incomplete_event_size``."""

    def stage(self) -> Stage:
        """Say what this connection is at."""
        theirs = self.conn.their_state
        answered = self._is_answered()
        if theirs is h11.SEND_BODY:
            return "rest" if answered else "body"
        if not answered:
            return "answer"
        fresh = self.cycle is None or bool(self.conn.trailing_data[0])
        return "head" if fresh else "idle"
