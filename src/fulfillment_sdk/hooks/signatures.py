"""How a hook's function must be written to be given what it asks for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence

from fulfillment_sdk.errors import PluginError


def refuse_arguments(
    name: str, hook: str, function: Callable[..., object], given: Sequence[str]
) -> None:
    """Refuse what pluggy, which goes by names, hands to nobody, or not in each of its versions.

    Args:
        name: the plugin's.
        hook: what `function` stands for.
        function: the plugin's own, bound if it is a method.
        given: the names of the arguments that the hook is called with.

    Raises:
        PluginError: it asks for something in a way in which it isn't given it.
    """
    if asked := list(_in_vain(function, given)):
        raise PluginError(
            f"Plugin {name}: {hook} asks for {', '.join(asked)}, which it isn't given",
            remedy=f"Write {hook}({', '.join(given)}); arguments go by their names.",
        )


def _in_vain(function: Callable[..., object], given: Sequence[str]) -> Iterator[str]:
    if inspect.ismethod(function):
        first = next(iter(inspect.signature(function.__func__).parameters), "")
        if first in given:
            yield f"{first} in place of self"
    for parameter in inspect.signature(function).parameters.values():
        name, is_needed = parameter.name, parameter.default is parameter.empty
        match parameter.kind:
            case parameter.VAR_POSITIONAL:
                yield f"*{name}"
            case parameter.VAR_KEYWORD:
                yield f"**{name}"
            case parameter.KEYWORD_ONLY if is_needed or name in given:
                yield f"{name} by keyword alone"
            case _ if name in given and not is_needed:
                yield f"{name} with a default"
            case _ if name not in given and is_needed:
                yield name
