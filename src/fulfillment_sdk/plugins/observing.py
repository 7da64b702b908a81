"""Plugins that observe what becomes of deliveries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

from fulfillment_sdk.hooks.calling import observe
from fulfillment_sdk.hooks.plugin import Plugin
from fulfillment_sdk.relay import Attempt, DeadLetter

_HOOKS = frozenset({"fulfillment_on_attempt", "fulfillment_on_dead_letter"})


def observe_attempt(plugins: Iterable[Plugin], attempt: Attempt) -> None:
    """Tell every plugin of an attempt, and of a delivery that was given up with it; never raises.

    `attempt` is one that was recorded.
    """
    letter = _letter(attempt) if attempt.outcome == "dead" else None
    for plugin in plugins:
        observe(plugin, "fulfillment_on_attempt", attempt=attempt)
        if letter is not None:
            observe(plugin, "fulfillment_on_dead_letter", letter=letter)


def observers_among(plugins: Iterable[Plugin]) -> Mapping[str, Callable[[Attempt], None]]:
    """Return those that observe, by their names: each is to be called with each attempt."""
    return {
        plugin.name: functools.partial(observe_attempt, [plugin])
        for plugin in plugins
        if not plugin.hooks.isdisjoint(_HOOKS)
    }


def _letter(last: Attempt) -> DeadLetter:
    return DeadLetter(
        destination=last.destination,
        event_id=last.event_id,
        type=last.type,
        lane=last.lane,
        attempts=last.attempt,
        why=last.why,
        at=last.at,
    )
