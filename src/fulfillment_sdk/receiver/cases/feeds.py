"""The server's feed of events, in whatever form the host hands it in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.models.events import Event

Shown: TypeAlias = Event | Mapping[str, object]
Feed: TypeAlias = Callable[[str | None], Iterable[Shown]]
"""`feed(case_id)` goes through the events of one case, or of all for None, in their order."""


class HasFeed(Protocol):
    """What has a feed in its `events`, as a `Client` does."""

    @property
    def events(self) -> _Events:
        """The feed."""
        ...


class _Events(Protocol):
    def iterate(self, *, case_id: str | None) -> Iterable[Event]: ...


def feed_of(given: Feed | HasFeed) -> Feed:
    """Return a feed: `given` itself if it can be called, or that of a `Client`.

    Raises:
        ConfigurationError: it is neither.
    """
    iterate = getattr(getattr(given, "events", None), "iterate", None)
    if callable(iterate):

        def events(case_id: str | None) -> Iterable[Shown]:
            shown: Iterable[Shown] = iterate(case_id=case_id)
            return shown

        return events
    if callable(given):
        return given
    raise ConfigurationError(
        "The receiver's feed can't be asked",
        remedy="Give it a Client, or a function of a case's id that returns its events.",
    )
