"""Which plugins are installed, and which are switched off; loads none, and not pluggy either."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final, Self

import attrs

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PROJECT: Final = "fulfillment_sdk"
"""Name of the pluggy project and of the entry-point group."""

DISABLE_VARIABLE: Final = "FULFILLMENT_DISABLE_PLUGINS"

_looking = threading.Lock()

logger = logging.getLogger("fulfillment_sdk.plugins")


@attrs.frozen
class SwitchedOff:
    """The names of plugins that are left out; `*` stands for all of them."""

    names: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()
    """Those that a host's configuration leaves out."""

    @classmethod
    def of(cls, text: str | None = None) -> Self:
        """Read a comma list of names, by default that of `FULFILLMENT_DISABLE_PLUGINS`."""
        listed = os.environ.get(DISABLE_VARIABLE, "") if text is None else text
        return cls(frozenset(name.strip() for name in listed.split(",")) - {""})

    @property
    def everything(self) -> bool:
        """Whether no plugin counts, whatever it is called."""
        return "*" in self.names

    def strangers(self, known: Collection[str]) -> list[str]:
        """Those that the environment leaves out, and that are the name of no plugin."""
        return [] if self.everything else sorted(self.names.difference(known))

    def has(self, *names: str) -> bool:
        """Whether a plugin that goes by these names is left out."""
        return self.by(*names) is not None

    def by(self, *names: str) -> str | None:
        """What leaves out a plugin that goes by these names; None where nothing does."""
        if self.everything or not self.names.isdisjoint(names):
            return DISABLE_VARIABLE
        return None if self.configured.isdisjoint(names) else "its configuration"


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of the group `fulfillment_sdk`, none of them loaded.

    Every installed distribution is looked at, when this is first called, and never again in this
    process: what is installed later counts from its next start.
    """
    with _looking:
        return _look()


def forget_installed() -> None:
    """Have the next `installed` look again: for tests that install something."""
    _look.cache_clear()


@functools.cache
def _look() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # costs milliseconds: where it is needed

    try:
        return tuple(entry_points(group=PROJECT))
    except Exception:  # noqa: BLE001  one distribution's are broken, whosever it is
        return tuple(_one_by_one())


def _one_by_one() -> Iterator[EntryPoint]:
    from importlib.metadata import distributions

    seen: set[str] = set()  # of two with one name the first on the path counts
    for distribution in distributions():
        name = "a distribution"
        try:
            name = distribution.name
            if name not in seen:
                yield from distribution.entry_points.select(group=PROJECT)
            seen.add(name)
        except Exception as error:  # noqa: BLE001  the others count all the same
            kind = type(error).__name__
            logger.warning("what is installed as %s can't be looked at: %s", name, kind)
