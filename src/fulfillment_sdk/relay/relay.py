"""The relay as a host holds it: a store, destinations, sinks, and a dispatcher when it runs."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import random as random_numbers
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType, TracebackType
from typing import Self

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.accepting import Accepting
from fulfillment_sdk.relay.destinations import Destinations, check, declare
from fulfillment_sdk.relay.dispatching import own_loop
from fulfillment_sdk.relay.dispatching.blocked_loop import BlockedLoop
from fulfillment_sdk.relay.dispatching.bounded_run import LAST_SECONDS
from fulfillment_sdk.relay.dispatching.dispatcher import LEASE_SECONDS, Dispatcher
from fulfillment_sdk.relay.dispatching.election import Election
from fulfillment_sdk.relay.dispatching.live_sinks import LiveSinks
from fulfillment_sdk.relay.dispatching.loop_thread import LONGEST_START, LoopThread
from fulfillment_sdk.relay.feeds import Feeds
from fulfillment_sdk.relay.insight import Insight
from fulfillment_sdk.relay.quarantine import Quarantine
from fulfillment_sdk.relay.reports.figures import Figures
from fulfillment_sdk.relay.reports.watch import Watch
from fulfillment_sdk.relay.schema import SCHEMA
from fulfillment_sdk.relay.upkeep.retention import Spared, checked_retention, keep_sweeping
from fulfillment_sdk.relay.values import Attempt, Destination, Sink
from fulfillment_sdk.store import Schema, Sealer, Store
from fulfillment_sdk.store.keys import Keys, keys_for

log = logging.getLogger("fulfillment_sdk.relay")


class Relay(Accepting, Insight, Destinations, Feeds, Quarantine):
    """Accepts events durably, keeps them, and passes them on until each destination has them.

    Used as a context manager it dispatches from a thread of its own; in a program that has a loop,
    `async with relay.running():` dispatches there. Without either it only accepts. One without
    sinks has nothing to dispatch, and leaves that to other processes either way.

    Args:
        store: an open store (with `relay.SCHEMA` among its schemas), or the URL of a database that
            is then opened and closed here.
        destinations: declared by the host; others may be put in at run time.
        only_new: whether a declared destination that is there already stays as it is: its policy,
            its types and the like are another host's to declare.
        sinks: kind -> sink.
        keys: storage keys for a URL, as (id, 32 bytes), newest first; by default those of
            `FULFILLMENT_STORAGE_KEYS`, or a private file made beside an SQLite database.
        clock: epoch seconds.
        random: uniform in [0, 1), for jitter.
        on_attempt: called with each attempt once it is recorded.
        on_disabled: called with a destination's name and the cause when it was disabled.
        poll: seconds between looks where nothing wakes the dispatcher.
        lease: seconds for which a claimed lane stays with a worker that does not renew it.
        retention: seconds after which attempts, and events that every destination has, are
            removed; None for never. Within it an event that comes again is known.
        feeds: whether what is accepted for an owner can be read again with `feed`.
        schemas: the host's own tables in the database of a URL, brought to their newest revision.
        beside: `beside(relay)` is entered in the loop while this process dispatches, or would if it
            had sinks; for a host's own chores. It should raise nothing.
        spared: `spared(connection, event_ids)` returns those that the retention must leave.
        strangers: kinds of sinks whose `async def` has a thread and a loop of its own for each,
            where this relay brings the loop: one that blocks stops nobody else.
        observers: strangers by their names, each called with each attempt once it is recorded, in a
            thread of its own; one that blocks for long misses some.

    Raises:
        ConfigurationError: the URL, the keys or the retention can't be used, two destinations share
            a name, or one names a sink that is not there.
        StoreError: the keys are not those that the destinations in there were sealed with.
        StoreUnavailable: the database can't be used.
    """

    def __init__(
        self,
        store: Store | str,
        *,
        destinations: Sequence[Destination] = (),
        sinks: Mapping[str, Sink],
        keys: Keys | None = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random_numbers.random,
        on_attempt: Callable[[Attempt], None] | None = None,
        on_disabled: Callable[[str, str], None] | None = None,
        poll: float = 1.0,
        lease: float = LEASE_SECONDS,
        retention: float | None = None,
        only_new: bool = False,
        feeds: bool = False,
        schemas: Sequence[Schema] = (),
        beside: Callable[[Relay], AbstractAsyncContextManager[None]] | None = None,
        spared: Spared | None = None,
        strangers: Collection[str] = (),
        observers: Mapping[str, Callable[[Attempt], None]] = MappingProxyType({}),
    ) -> None:
        check(destinations, sinks)
        self._retention = checked_retention(retention)
        self._feeds = feeds
        self._owns_store = isinstance(store, str)
        if isinstance(store, str):
            sealer = Sealer(keys if keys is not None else keys_for(store))
            store = Store.open(store, schemas=[SCHEMA, *schemas], sealer=sealer, clock=clock)
        self.store = store
        self.figures = Figures()
        self._sinks = dict(sinks)
        self._beside = beside
        self._spared = spared
        self._strangers = frozenset(strangers)
        self._watch = Watch(on_attempt, on_disabled, self.figures, observers)
        self._new_dispatcher = functools.partial(
            Dispatcher,
            store,
            random=random,
            monotonic=time.monotonic if clock is time.time else None,
            watch=self._watch,
            poll=poll,
            lease=lease,
        )
        self._poll = poll
        self._dispatcher: Dispatcher | None = None
        self._pid = 0  # of the process that it is at work in
        self._thread = LoopThread(
            functools.partial(self.running, apart=True), name="fulfillment-relay"
        )
        self._changed = threading.local()  # a commit is told of in the thread that made it
        store.on_commit(self._committed)
        declare(store, destinations, only_new=only_new)

    # -- running -----------------------------------------------------------------------------------

    @property
    def is_dispatching(self) -> bool:
        """Whether it dispatches in this process, or waits: for its turn, or for want of sinks."""
        return self._dispatcher is not None and self._pid == os.getpid()

    @contextlib.asynccontextmanager
    async def running(
        self,
        *,
        grace: float = 5.0,
        on_turn: Callable[[bool], None] | None = None,
        apart: bool = False,
    ) -> AsyncIterator[Self]:
        """Dispatch in this loop for as long as the block runs; then finish what is in hand.

        It raises nothing of its own: a sink that does not open, and a store that can't be used,
        are logged and tried again. What the block raises goes on through it.

        Args:
            grace: seconds for what is in hand; the rest is handed back.
            on_turn: called in this loop: with True when it begins to dispatch, and before that with
                False if it has to wait for another process to end.
            apart: whether strangers get loops of their own; else all share this one.
        """
        election = Election(self.store.url, poll=self._poll, on_turn=on_turn)
        own = own_loop.apart(self._sinks, self._strangers) if apart else self._sinks
        sinks = LiveSinks(own, on_open=self._wake)
        dispatcher = self._new_dispatcher(sinks.ready)
        task: asyncio.Task[None] | None = None
        try:
            # Before the sinks are open: meanwhile nobody else in this process is to begin.
            self._pid, self._dispatcher = os.getpid(), dispatcher
            await sinks.open()
            task = asyncio.create_task(self._elected(election, dispatcher))
            task.add_done_callback(self._ended)
            with BlockedLoop(asyncio.get_running_loop()).watched():
                yield self
        finally:
            self._dispatcher = None
            if task is not None and not dispatcher.is_running:
                task.cancel()  # it still waits for its turn to dispatch
            await dispatcher.stop(grace=grace)
            if task is not None:
                if dispatcher.is_running:
                    task.cancel()  # its store does not answer
                await asyncio.gather(task, return_exceptions=True)
            election.release()
            await sinks.close()
            await self._watch.told(LAST_SECONDS)

    def start(self, *, patience: float = LONGEST_START) -> None:
        """Dispatch from a thread of our own, with its own loop, until `stop`.

        Nothing that a sink or the store does is raised, as for `running`.

        Args:
            patience: seconds after which nobody waits for the sinks to open: they go on with it.
        """
        self._thread.start(patience=patience)

    def stop(self) -> None:
        """Finish what is in hand and end the thread that `start` began; raises nothing."""
        self._thread.stop()

    def close(self) -> None:
        """Stop, and close the store if it was opened here; raises nothing.

        A later call of this relay that needs the closed store raises `StoreError`.
        """
        try:
            self.stop()
        finally:
            if self._owns_store:
                self.store.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _elected(self, election: Election, dispatcher: Dispatcher) -> None:
        if not self._sinks:  # who won, and passed nothing on, would keep others from doing so
            async with self._chores():
                await asyncio.Event().wait()
        # Who alone may dispatch knows that all earlier leases are those of the dead.
        alone = await election.win()
        with contextlib.closing(self.store.listen(dispatcher.wake)):
            async with self._chores():
                await dispatcher.run(alone=alone)

    @contextlib.asynccontextmanager
    async def _chores(self) -> AsyncIterator[None]:
        host = contextlib.nullcontext() if self._beside is None else self._beside(self)
        async with keep_sweeping(self.store, self._retention, spared=self._spared), host:
            yield

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say so where dispatching ends though nobody stopped it: nothing else would."""
        if self._dispatcher is None:
            return
        self._dispatcher = None
        error = None if task.cancelled() else task.exception()
        why = error.message if isinstance(error, StoreError) else type(error).__name__
        log.error("this process dispatches no more, start it again: %s", why)

    def _tell(self, connection: sa.Connection) -> None:
        """Have the dispatchers look once this transaction is committed, here and elsewhere."""
        self._changed.here = True
        self.store.announce(connection)

    def _committed(self) -> None:
        if getattr(self._changed, "here", False):
            self._changed.here = False
            self._wake()

    def _wake(self) -> None:
        dispatcher = self._dispatcher
        # A forked child has a copy of the loop, and its parent's socket to wake it by.
        if dispatcher is not None and self._pid == os.getpid():
            dispatcher.wake()
