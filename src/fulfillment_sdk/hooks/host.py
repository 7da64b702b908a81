"""What a plugin is told of the place where it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs


@attrs.frozen
class Host:
    """A receiver, as a plugin sees it that begins to work there.

    Args:
        settings: an instance of the plugin's `Settings`; None where it has no such class.
    """

    settings: object = attrs.field(default=None, repr=False)
    _destinations: Callable[[], Sequence[str]] = attrs.field(default=tuple, repr=False)

    @property
    def destinations(self) -> Sequence[str]:
        """The names of the plugins and sinks that events are passed on to."""
        return tuple(self._destinations())
