"""A plugin that was found to be in order, and how it is inspected to find that out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from types import ModuleType

import attrs
import pluggy

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks import specs
from fulfillment_sdk.hooks.installed import PROJECT
from fulfillment_sdk.hooks.signatures import refuse_arguments
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED

EVENT_HOOKS = {
    STATUS_CHANGED: "fulfillment_status_changed",
    CASE_COMPLETED: "fulfillment_case_completed",
}
"""The hook that is called for each type of event."""

STARTUP = "fulfillment_startup"
"""The hook that is called before those for events."""

RECEIVER_HOOKS = frozenset(
    {
        *EVENT_HOOKS.values(),
        STARTUP,
        "fulfillment_register_sinks",
        "fulfillment_on_attempt",
        "fulfillment_on_dead_letter",
    }
)
"""The hooks that a receiver calls."""

CLIENT_HOOKS = frozenset({"fulfillment_before_request", "fulfillment_after_response"})
"""The hooks that a client calls."""

COMMAND_HOOKS = frozenset({"fulfillment_register_commands"})
"""The hooks that the command line calls."""

HOOKS = RECEIVER_HOOKS | CLIENT_HOOKS | COMMAND_HOOKS
"""Every hook there is."""

_PREFIX = "fulfillment_"

_LONGEST_NAME = 200

_MAY_BE_ASYNC = frozenset({*EVENT_HOOKS.values(), STARTUP})


@attrs.frozen
class Plugin:
    """A plugin that was found to be in order.

    `name` is stable: what is pending for the plugin is kept under it. `hooks` are the names of
    those it implements. `version` is that of its distribution if it is `installed`; the others were
    handed in. `wants_bodies` says whether its hooks for requests are to see bodies. `aliases` are
    the other names that it goes by: its entry point's, and that one's module.
    """

    name: str
    implementation: object = attrs.field(repr=False)
    hooks: frozenset[str]
    version: str = ""
    installed: bool = False
    wants_bodies: bool = False
    aliases: frozenset[str] = frozenset()
    _manager: pluggy.PluginManager = attrs.field(repr=False, kw_only=True)

    @property
    def names(self) -> frozenset[str]:
        """Every name that it goes by."""
        return self.aliases | {self.name}

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


def plugin_name(implementation: object) -> str:
    """Return the name under which a plugin is known, and its deliveries are kept.

    That is its `name` attribute, else the dotted path of the module, or of the object's class.

    Raises:
        PluginError: its attributes can't be had.
    """
    try:
        name = getattr(implementation, "name", None)
    except Exception as error:
        raise _unseen(implementation, error) from error
    return name if isinstance(name, str) and name else _path(implementation)


def _path(implementation: object) -> str:
    if isinstance(implementation, ModuleType):
        return implementation.__name__
    return f"{type(implementation).__module__}.{type(implementation).__qualname__}"


def inspect_plugin(
    implementation: object,
    *,
    version: str = "",
    installed: bool = False,
    aliases: frozenset[str] = frozenset(),
) -> Plugin:
    """Check one module or object and return it as a plugin.

    Raises:
        PluginError: it has no hook, a misspelt one (the message names the nearest), one without
            `@hookimpl`, or one whose arguments or kind of function don't fit; or its
            `wants_bodies` is neither True nor False; or its attributes can't be had.
    """
    try:
        return _inspected(implementation, version, installed, aliases)
    except PluginError:
        raise
    except Exception as error:
        raise _unseen(implementation, error) from error


def _unseen(implementation: object, error: Exception) -> PluginError:
    return PluginError(
        f"Plugin {type(implementation).__name__} can't be looked at ({type(error).__name__})",
        remedy="Let its attributes be had without raising.",
    )


def _inspected(
    implementation: object, version: str, installed: bool, aliases: frozenset[str]
) -> Plugin:
    name = plugin_name(implementation)
    _refuse_name(name, implementation)
    if inspect.isclass(implementation):
        path = f"{implementation.__module__}.{implementation.__qualname__}"
        raise PluginError(f"Plugin {path} is a class", remedy=f"Hand in an instance: {path}().")
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specs)
    try:
        manager.register(implementation, name)
    except (pluggy.PluginValidationError, ValueError) as error:
        _refuse_arguments(name, implementation, manager)
        raise PluginError(f"Plugin {name}: {' '.join(str(error).split())}") from error
    found = frozenset(caller.name for caller in manager.get_hookcallers(implementation) or ())
    _refuse_unknown(name, found)
    _refuse_unmarked(name, found, implementation)
    bodies = _wants_bodies(name, implementation)
    plugin = Plugin(
        name, implementation, found, version, installed, bodies, aliases, manager=manager
    )
    for hook in found:
        for function in plugin.functions(hook):
            _refuse_unsuitable(name, hook, function)
            spec = plugin.caller(hook).spec
            refuse_arguments(name, hook, function, spec.argnames if spec else ())
    return plugin


def _refuse_name(name: str, implementation: object) -> None:
    is_word = name.isprintable() and name == name.strip() and "," not in name and name != "*"
    if len(name) > _LONGEST_NAME or not is_word:
        raise PluginError(
            f"The name of plugin {_path(implementation)} can't be used",
            remedy="Deliveries are kept under it, and it switches the plugin off: give it at most "
            "200 characters in one line, without a comma.",
        )


def _refuse_arguments(name: str, implementation: object, manager: pluggy.PluginManager) -> None:
    for hook in sorted(HOOKS):
        function, spec = getattr(implementation, hook, None), getattr(manager.hook, hook).spec
        if not (inspect.isfunction(function) or inspect.ismethod(function)) or spec is None:
            continue
        refuse_arguments(name, hook, function, spec.argnames)


def _wants_bodies(name: str, implementation: object) -> bool:
    wanted = getattr(implementation, "wants_bodies", False)
    if not isinstance(wanted, bool):  # "no" would be true
        raise PluginError(
            f"Plugin {name}: wants_bodies is neither True nor False",
            remedy="Set wants_bodies = True to see bodies, and leave it out otherwise.",
        )
    return wanted


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
    for own in dir(implementation):
        meant = _nearly(own) if own.startswith(_PREFIX) and own not in HOOKS | found else None
        if meant is not None and inspect.isroutine(getattr(implementation, own)):
            raise PluginError(
                f"Plugin {name} has {own}, which is no hook",
                remedy=f"Did you mean {meant}? "
                "Put @hookimpl (from fulfillment_sdk.plugins) above it.",
            )
    if not found:
        inside = " Or name the object in it that has them, as module:object."
        raise PluginError(
            f"Plugin {name} has no hook",
            remedy="Put @hookimpl (from fulfillment_sdk.plugins) above one of them: "
            f"{', '.join(sorted(HOOKS))}.{inside if inspect.ismodule(implementation) else ''}",
        )


def _nearly(own: str) -> str | None:
    """The hook that somebody meant, most likely, who called a function like this."""
    words = [hook.removeprefix(_PREFIX) for hook in sorted(HOOKS)]
    found = get_close_matches(own.removeprefix(_PREFIX), words, n=1, cutoff=0.8)
    return f"{_PREFIX}{found[0]}" if found else None


def _refuse_unsuitable(name: str, hook: str, function: Callable[..., object]) -> None:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        # It would return a generator that nobody runs, and the event would count as delivered.
        raise PluginError(f"Plugin {name}: {hook} contains a yield", remedy="Return instead.")
    if inspect.iscoroutinefunction(function) and hook not in _MAY_BE_ASYNC:
        raise PluginError(f"Plugin {name}: {hook} can't be async", remedy="Make it a plain def.")
