"""What one process holds open of a store: engines, connections and threads."""

from __future__ import annotations

import os
from collections.abc import Callable

from fulfillment_sdk.store.engine import is_sqlite, make_engine, reading
from fulfillment_sdk.store.fork_gate import ForkGate
from fulfillment_sdk.store.listening import Listening
from fulfillment_sdk.store.readers import Readers
from fulfillment_sdk.store.siding import THREADS
from fulfillment_sdk.store.writer import Writer

_READERS = 4
SERVER_WRITERS = 2  # while one waits for its commit the other gathers


class Process:
    """What one process holds open: engines and threads, which a fork must not share."""

    def __init__(self, url: str, gate: ForkGate, on_commit: Callable[[], None]) -> None:
        self.pid = os.getpid()
        sqlite = is_sqlite(url)
        writers = 1 if sqlite else SERVER_WRITERS
        self.engine = make_engine(url, readonly=False, pool=writers + THREADS + _READERS)
        self.read_engine = (
            make_engine(url, readonly=True, pool=_READERS) if sqlite else reading(self.engine)
        )
        self.writer = Writer(self.engine, gate=gate, on_commit=on_commit, threads=writers)
        self.readers = Readers(_READERS)
        self.listenings: tuple[Listening, ...] = ()

    @property
    def here(self) -> bool:
        """Whether this is the process that opened it."""
        return self.pid == os.getpid()

    def listen(self, callback: Callable[[], None], gate: ForkGate) -> Listening:
        """Begin to listen, and forget those who have stopped."""
        listening = Listening(self.read_engine, gate=gate, callback=callback)
        self.listenings = (*(one for one in self.listenings if not one.closed), listening)
        return listening

    def close(self) -> None:
        """Finish what is queued and let go of everything."""
        for listening in self.listenings:
            listening.close()
        self.writer.close()
        self.readers.close()
        self.disconnect()

    def disconnect(self) -> None:
        """Close all connections; who needs one again opens it."""
        for listening in self.listenings:
            listening.disconnect()
        self.engine.dispose()
        self.read_engine.dispose()

    def abandon(self) -> None:
        """Leave everything to the process that this one was forked from."""
        for listening in self.listenings:
            listening.abandon()
