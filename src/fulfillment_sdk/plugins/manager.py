"""Loading plugins: each alone, so that a broken one is named and the rest work.

Every plugin has a pluggy manager of its own. A hook call can then never reach two of them, and
never stop at the first that raises.
"""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

import attrs
import pluggy

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED
from fulfillment_sdk.plugins import hookspecs

ENTRY_POINT_GROUP = hookspecs.PROJECT
DISABLE_VARIABLE = "FULFILLMENT_DISABLE_PLUGINS"

EVENT_HOOKS = {
    STATUS_CHANGED: "fulfillment_status_changed",
    CASE_COMPLETED: "fulfillment_case_completed",
}
"""The hook that is called for each type of event."""

HOOKS = frozenset(EVENT_HOOKS.values()) | {"fulfillment_register_sinks", "fulfillment_on_attempt"}
"""Every hook there is."""

FAILURES = (Exception, SystemExit)
"""What a plugin may raise without hurting its neighbours: also the wish to exit."""

logger = logging.getLogger(__name__)


@attrs.frozen
class Plugin:
    """A plugin that was found to be in order.

    `name` is stable: what is pending for the plugin is kept under it. `hooks` are the names of
    those it implements. `version` is that of its distribution if it is `installed`; the others were
    handed in.
    """

    name: str
    implementation: object = attrs.field(repr=False)
    hooks: frozenset[str]
    version: str = ""
    installed: bool = False
    _manager: pluggy.PluginManager = attrs.field(repr=False, kw_only=True)

    def caller(self, hook: str) -> pluggy.HookCaller:
        """Return what calls this plugin's `hook`, and no other plugin's, with arguments by name."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return caller

    def functions(self, hook: str) -> list[Callable[..., object]]:
        """Return the functions behind `hook`; several only by pluggy's `specname`."""
        return [found.function for found in self.caller(hook).get_hookimpls()]

    def files(self, hook: str) -> frozenset[str]:
        """Return the source files of the functions behind `hook`."""
        codes = (getattr(inspect.unwrap(one), "__code__", None) for one in self.functions(hook))
        return frozenset(code.co_filename for code in codes if code is not None)


@attrs.frozen
class PluginProblem:
    """A plugin that could not be used: its name, its distribution's version and why."""

    name: str
    version: str
    cause: str


def plugin_name(implementation: object) -> str:
    """Return the name under which a plugin's deliveries are kept.

    That is its `name` attribute, else the dotted path of the module, or of the object's class.
    """
    name = getattr(implementation, "name", None)
    if isinstance(name, str) and name:
        return name
    if isinstance(implementation, ModuleType):
        return implementation.__name__
    return f"{type(implementation).__module__}.{type(implementation).__qualname__}"


def inspect_plugin(implementation: object, *, version: str = "", installed: bool = False) -> Plugin:
    """Check one module or object and return it as a plugin.

    Raises:
        PluginError: it has no hook, a misspelt one (the message names the nearest), one without
            `@hookimpl`, or one whose arguments or kind of function don't fit.
    """
    name = plugin_name(implementation)
    if inspect.isclass(implementation):
        path = f"{implementation.__module__}.{implementation.__qualname__}"
        raise PluginError(f"Plugin {path} is a class", remedy=f"Hand in an instance: {path}().")
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(implementation, name)
    except (pluggy.PluginValidationError, ValueError) as error:
        _refuse_arguments(name, implementation, manager)
        raise PluginError(f"Plugin {name}: {' '.join(str(error).split())}") from error
    found = frozenset(caller.name for caller in manager.get_hookcallers(implementation) or ())
    _refuse_unknown(name, found)
    _refuse_unmarked(name, found, implementation)
    plugin = Plugin(name, implementation, found, version, installed, manager=manager)
    for hook in found:
        for function in plugin.functions(hook):
            _refuse_unsuitable(name, hook, function)
    return plugin


def _refuse_arguments(name: str, implementation: object, manager: pluggy.PluginManager) -> None:
    for hook in sorted(HOOKS):
        function, spec = getattr(implementation, hook, None), getattr(manager.hook, hook).spec
        if not (inspect.isfunction(function) or inspect.ismethod(function)) or spec is None:
            continue
        wanted = [
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        if unknown := [argument for argument in wanted if argument not in spec.argnames]:
            raise PluginError(
                f"Plugin {name}: {hook} asks for {', '.join(unknown)}, which it isn't given",
                remedy=f"Write {hook}({', '.join(spec.argnames)}); arguments go by their names.",
            )


def _refuse_unknown(name: str, found: frozenset[str]) -> None:
    for hook in sorted(found - HOOKS):
        nearest = get_close_matches(hook, sorted(HOOKS), n=1, cutoff=0.4)
        remedy = (
            f"Did you mean {nearest[0]}?" if nearest else f"Hooks are {', '.join(sorted(HOOKS))}."
        )
        raise PluginError(f"Plugin {name} has an unknown hook, {hook}", remedy=remedy)


def _refuse_unmarked(name: str, found: frozenset[str], implementation: object) -> None:
    for hook in sorted(HOOKS - found):
        if callable(getattr(implementation, hook, None)):
            raise PluginError(
                f"Plugin {name} has {hook}, but it is not marked as a hook",
                remedy="Put @hookimpl (from fulfillment_sdk.plugins) above it.",
            )
    if not found:
        raise PluginError(
            f"Plugin {name} has no hook",
            remedy="Write fulfillment_status_changed(event) with @hookimpl "
            "(from fulfillment_sdk.plugins) above it.",
        )


def _refuse_unsuitable(name: str, hook: str, function: Callable[..., object]) -> None:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        # It would return a generator that nobody runs, and the event would count as delivered.
        raise PluginError(f"Plugin {name}: {hook} contains a yield", remedy="Return instead.")
    if inspect.iscoroutinefunction(function) and hook not in EVENT_HOOKS.values():
        raise PluginError(f"Plugin {name}: {hook} can't be async", remedy="Make it a plain def.")


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
