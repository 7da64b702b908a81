"""Loading plugins: each alone, so that a broken one is named and the rest work.

Every plugin has a pluggy manager of its own. A hook call can then never reach two of them, and
never stop at the first that raises.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint
from types import ModuleType

import attrs

from fulfillment_sdk.configuration.toml_file import did_you_mean
from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks.causes import cause_of
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts
from fulfillment_sdk.hooks.installed import SwitchedOff, installed
from fulfillment_sdk.hooks.plugin import CLIENT_HOOKS, Plugin, inspect_plugin, plugin_name
from fulfillment_sdk.hooks.unused import MistakenSwitch, PluginOff, PluginProblem

logger = logging.getLogger("fulfillment_sdk.plugins")

_NOWHERE = "its entry point names no module"


class Plugins:
    """The plugins of one receiver or client, and what was wrong with the others.

    Args:
        disabled: those to leave out; by default what `FULFILLMENT_DISABLE_PLUGINS` lists.
        looking: whether somebody just looks at what there is. Then nothing is logged, and of those
            that are handed in, too, one that is broken is listed in `problems`.
    """

    def __init__(self, *, disabled: SwitchedOff | None = None, looking: bool = False) -> None:
        self._disabled = SwitchedOff.of() if disabled is None else disabled
        self._looking = looking
        self._level = logging.DEBUG if looking else logging.WARNING
        self._plugins: dict[str, Plugin] = {}
        self._seen: set[str] = set()
        self.untold: set[str] = set()
        """The entry points whose plugins' own names nobody knows: they are not loaded."""
        self.problems: list[PluginProblem] = []
        self.switched_off: list[PluginOff] = []

    @property
    def known(self) -> frozenset[str]:
        """Every name of every plugin that there is, whether it can be used or not."""
        here = (plugin.names for plugin in self)
        return frozenset(self._seen).union(*here)

    def mistaken_switches(self) -> list[MistakenSwitch]:
        """What `FULFILLMENT_DISABLE_PLUGINS` lists in vain, and the nearest name to each.

        To be asked once all plugins are there; also installed ones that were not asked for count.
        """
        known = self.known.union(*((one.name, one.value.partition(":")[0]) for one in installed()))
        return [
            MistakenSwitch(name, f"no plugin is called so. {did_you_mean(name, known)}")
            for name in self._disabled.strangers(known)
        ]

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._plugins.values())

    def register(self, implementation: object, *, host: str, hooks: frozenset[str]) -> None:
        """Add a plugin that the host hands in, which calls `hooks`.

        Raises:
            PluginError: it is not in order, has none of `hooks`, or its name is taken.
        """
        name = type(implementation).__name__
        try:
            name = plugin_name(implementation)
            if not self._is_disabled(name):
                self._register(implementation, host, hooks)
        except PluginError as error:
            if not self._looking:
                raise
            self._seen.add(name)
            self._leave_out(name, "", error)

    def _register(self, implementation: object, host: str, hooks: frozenset[str]) -> None:
        plugin = inspect_plugin(implementation)
        if plugin.hooks.isdisjoint(hooks):
            raise PluginError(
                f"Plugin {plugin.name} has no hook that {host} calls",
                remedy=f"Those are {', '.join(sorted(hooks))}.",
            )
        self._add(plugin)

    def load_entry_points(self, found: Iterable[EntryPoint] | None = None) -> None:
        """Load every installed entry point of the group `fulfillment_sdk`, each alone.

        One that can't be loaded or is not in order is logged and listed in `problems`. One that the
        host handed in already, or in whose place it handed in another of the same class and name,
        is not added. `found` replaces what is installed.
        """
        for entry_point in installed() if found is None else found:
            self._load(entry_point)

    def _load(self, entry_point: EntryPoint) -> None:
        version = _version(entry_point)
        self._seen.add(entry_point.name)
        self.untold.add(entry_point.name)
        try:
            aliases = frozenset({entry_point.name, entry_point.module})
        except Exception:  # noqa: BLE001  of a kind that changes with Python
            self._leave_out(entry_point.name, version, PluginError(_NOWHERE))
            return
        self._seen |= aliases
        if self._is_disabled(entry_point.name, entry_point.module, version=version):
            return
        try:
            implementation = entry_point.load()
            self._seen.add(plugin_name(implementation))
            self.untold.discard(entry_point.name)
            for plugin in self:
                if _stands_for(plugin, implementation):
                    self._plugins[plugin.name] = attrs.evolve(
                        plugin, aliases=plugin.aliases | aliases
                    )
                    return
            if self._is_disabled(plugin_name(implementation), version=version):
                return
            self._add(
                inspect_plugin(implementation, version=version, installed=True, aliases=aliases)
            )
        except FAILURES as error:
            if is_hosts(error):
                raise
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
                if is_hosts(error) or not self.may_leave_out(plugin):
                    raise
                self.leave_out(plugin, error)

    def may_leave_out(self, plugin: Plugin) -> bool:
        """Tell whether to do without a plugin that is not in order; if not, its host is told."""
        return plugin.installed or self._looking

    def leave_out(self, plugin: Plugin, error: BaseException) -> None:
        """Do without a plugin, which `error` shows not to be in order."""
        del self._plugins[plugin.name]
        self._seen |= plugin.names
        self._leave_out(plugin.name, plugin.version, error)

    def _leave_out(self, name: str, version: str, error: BaseException) -> None:
        cause = cause_of(error)
        self.problems.append(PluginProblem(name, version, cause))
        logger.log(self._level, "plugin %s %s is left out: %s", name, version, cause)

    def _add(self, plugin: Plugin) -> None:
        if plugin.name in self._plugins:
            raise PluginError(
                f"Two plugins have the name {plugin.name}",
                remedy="Give one of them a name attribute of its own.",
            )
        self._plugins[plugin.name] = plugin
        if plugin.wants_bodies and not plugin.hooks.isdisjoint(CLIENT_HOOKS):
            logger.info("plugin %s sees the bodies of requests and answers", plugin.name)

    def _is_disabled(self, *names: str, version: str = "") -> bool:
        by = self._disabled.by(*names)
        if by is None:
            return False
        self._seen.update(names)
        self.switched_off.append(PluginOff(names[0], version, by))
        say_switched_off(names[0], by, self._level)
        return True


@functools.cache
def say_switched_off(name: str, by: str, level: int) -> None:
    """Log, once in this process, that a plugin is switched off: a process may have many clients."""
    logger.log(level, "plugin %s is switched off by %s", name, by)


def _version(entry_point: EntryPoint) -> str:
    """The version of an entry point's distribution; "" where its metadata tell none."""
    try:
        return (entry_point.dist.version or "") if entry_point.dist else ""
    except Exception:  # noqa: BLE001  also that is of a kind that changes
        return ""


def _stands_for(handed_in: Plugin, implementation: object) -> bool:
    """Whether a plugin is `implementation`, or the same with settings of the host's own."""
    given = handed_in.implementation
    if given is implementation or isinstance(implementation, ModuleType):
        return given is implementation
    alike = type(given) is type(implementation) and handed_in.name == plugin_name(implementation)
    return alike and not handed_in.installed
