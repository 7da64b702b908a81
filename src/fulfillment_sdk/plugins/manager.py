"""Loading plugins: each alone, so that a broken one is named and the rest work.

Every plugin has a pluggy manager of its own. A hook call can then never reach two of them, and
never stop at the first that raises.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points

import attrs

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.plugins import hookspecs
from fulfillment_sdk.plugins.plugin import Plugin, inspect_plugin, plugin_name

ENTRY_POINT_GROUP = hookspecs.PROJECT
DISABLE_VARIABLE = "FULFILLMENT_DISABLE_PLUGINS"

FAILURES = (Exception, SystemExit)
"""What a plugin may raise without hurting its neighbours: also the wish to exit."""

logger = logging.getLogger(__name__)


@attrs.frozen
class PluginProblem:
    """A plugin that could not be used: its name, its distribution's version and why."""

    name: str
    version: str
    cause: str


class Plugins:
    """The plugins of one receiver, and what was wrong with the others.

    `disabled` is a comma list of names to leave out, `*` for all of them; by default the
    environment variable `FULFILLMENT_DISABLE_PLUGINS`.
    """

    def __init__(self, *, disabled: str | None = None) -> None:
        text = os.environ.get(DISABLE_VARIABLE, "") if disabled is None else disabled
        self._disabled = {name.strip() for name in text.split(",")} - {""}
        self._plugins: dict[str, Plugin] = {}
        self.problems: list[PluginProblem] = []

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._plugins.values())

    def register(self, implementation: object) -> None:
        """Add a plugin that the host hands in.

        Raises:
            PluginError: it is not in order, or its name is taken.
        """
        if not self._is_disabled(plugin_name(implementation)):
            self._add(inspect_plugin(implementation))

    def load_entry_points(self, found: Iterable[EntryPoint] | None = None) -> None:
        """Load every installed entry point of the group `fulfillment_sdk`, each alone.

        One that can't be loaded or is not in order is logged and listed in `problems`. One that the
        host handed in already is not added again. `found` replaces what is installed.
        """
        for entry_point in entry_points(group=ENTRY_POINT_GROUP) if found is None else found:
            self._load(entry_point)

    def _load(self, entry_point: EntryPoint) -> None:
        version = entry_point.dist.version if entry_point.dist else ""
        if self._is_disabled(entry_point.name, entry_point.module):
            return
        try:
            implementation = entry_point.load()
            known = any(plugin.implementation is implementation for plugin in self)
            if not known and not self._is_disabled(plugin_name(implementation)):
                self._add(inspect_plugin(implementation, version=version, installed=True))
        except FAILURES as error:
            self._leave_out(entry_point.name, version, error)

    def call_each(self, hook: str, call: Callable[[Plugin], None]) -> None:
        """Run `call` with each plugin that has `hook`; one that fails is left out from then on.

        A plugin that the host handed in is the host's own code: there the error is raised instead.
        """
        for plugin in tuple(self):
            if hook not in plugin.hooks:
                continue
            try:
                call(plugin)
            except FAILURES as error:
                if not plugin.installed:
                    raise
                del self._plugins[plugin.name]
                self._leave_out(plugin.name, plugin.version, error)

    def _leave_out(self, name: str, version: str, error: BaseException) -> None:
        cause = error.message if isinstance(error, PluginError) else _in_short(error)
        self.problems.append(PluginProblem(name, version, cause))
        logger.warning("plugin %s %s is left out: %s", name, version, cause)

    def _add(self, plugin: Plugin) -> None:
        if plugin.name in self._plugins:
            raise PluginError(
                f"Two plugins have the name {plugin.name}",
                remedy="Give one of them a name attribute of its own.",
            )
        self._plugins[plugin.name] = plugin

    def _is_disabled(self, *names: str) -> bool:
        hit = "*" in self._disabled or not self._disabled.isdisjoint(names)
        if hit:
            logger.warning("plugin %s is switched off by %s", names[0], DISABLE_VARIABLE)
        return hit

    def on_attempt(self, attempt: object) -> None:
        """Tell every plugin that observes attempts; never raises."""
        for plugin in self:
            if "fulfillment_on_attempt" in plugin.hooks:
                try:
                    plugin.caller("fulfillment_on_attempt")(attempt=attempt)
                except FAILURES as error:
                    kind = type(error).__name__
                    logger.warning("plugin %s failed to observe an attempt: %s", plugin.name, kind)


def _in_short(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
