"""The short way in: a plugin's event hooks are a destination of its own.

Called alone, retried alone, recorded alone.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Sequence

import attrs

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.hooks.calling import place
from fulfillment_sdk.hooks.failures import AWAITED_FAILURES, FAILURES, is_hosts
from fulfillment_sdk.hooks.host import Host
from fulfillment_sdk.hooks.plugin import EVENT_HOOKS, STARTUP, Plugin
from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Destination,
    Outcome,
    Reject,
    Retry,
    RetryPolicy,
)

logger = logging.getLogger(__name__)


class HookSink:
    """Calls the event hooks of one plugin.

    The relay runs `deliver` in a thread, and with it a hook that is a plain `def`; for an `async
    def` it gets the call back as something to await.
    """

    def __init__(self, plugin: Plugin, host: Host | None = None) -> None:
        self._plugin = plugin
        self._host = host or Host()

    def open(self) -> Awaitable[None] | None:
        """Have the plugin get ready, if it has a hook for that; raises what that raises."""
        if STARTUP not in self._plugin.hooks:
            return None
        try:
            results = self._plugin.caller(STARTUP)(host=self._host)
        except FAILURES as error:
            if is_hosts(error):
                raise
            self._not_ready(error)
            raise
        pending = [result for result in results if inspect.isawaitable(result)]
        return self._get_ready(pending) if pending else None

    async def _get_ready(self, pending: Sequence[Awaitable[object]]) -> None:
        try:
            for call in pending:
                await call
        except AWAITED_FAILURES as error:
            self._not_ready(error)
            raise

    def _not_ready(self, error: BaseException) -> None:
        name, kind = self._plugin.name, type(error).__name__
        where = place(error, self._plugin, STARTUP)
        logger.warning("plugin %s: %s failed: %s at %s", name, STARTUP, kind, where)

    def deliver(self, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        """Call the hook for the event's type; an exception is a `Retry` that names only its type.

        A type without a hook, which includes every type that this version doesn't know, is
        delivered: there is nothing to call.
        """
        hook = EVENT_HOOKS.get(delivery.type)
        if hook is None or hook not in self._plugin.hooks:
            return Delivered()
        try:
            event = wire.load_event(delivery.body)
        except PayloadError:
            return Reject("the event can't be read")
        if delivery.notes:
            event = attrs.evolve(event, anomaly=delivery.notes.get("anomaly"))
        try:
            results = self._plugin.caller(hook)(event=event)
        except FAILURES as error:
            if is_hosts(error):
                raise
            return self._failed(hook, delivery, error)
        pending = [result for result in results if inspect.isawaitable(result)]
        return self._finish(hook, delivery, pending) if pending else Delivered()

    async def _finish(
        self, hook: str, delivery: Delivery, pending: Sequence[Awaitable[object]]
    ) -> Outcome:
        try:
            for call in pending:
                await call
        except AWAITED_FAILURES as error:
            return self._failed(hook, delivery, error)
        return Delivered()

    def _failed(self, hook: str, delivery: Delivery, error: BaseException) -> Retry:
        """Report by type and place in the code: an exception's own words may hold personal data."""
        kind = type(error).__name__
        where = place(error, self._plugin, hook)
        logger.warning(
            "plugin %s: %s failed on event %s: %s at %s",
            self._plugin.name,
            hook,
            delivery.id,
            kind,
            where,
        )
        return Retry(kind)


def bind_hooks(
    plugin: Plugin, policy: RetryPolicy, host: Host | None = None
) -> tuple[Destination, HookSink] | None:
    """Return the destination that a plugin's event hooks are, and the sink that calls them.

    None for a plugin without such a hook. The destination gets only the types that it has a hook
    for. `host` is what the plugin is told of where it runs.
    """
    types = tuple(kind for kind, hook in EVENT_HOOKS.items() if hook in plugin.hooks)
    if not types:
        return None
    return Destination(plugin.name, plugin.name, types=types, policy=policy), HookSink(plugin, host)
