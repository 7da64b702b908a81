"""What a kind of sink tells of itself: its settings, each with its type, default and meaning."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final, Literal, Union, get_args, get_origin

import attrs

from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.plugins.settings.settings import hints_of, settings_of

NEEDED: Final = "needed"

_WORDS: Final[Mapping[object, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    Secret: "secret",
}

_ARGUMENT = re.compile(r"^ {4}(?P<name>\w+): (?P<about>.*(?:\n {6,}.*)*)", re.MULTILINE)


@attrs.frozen
class Setting:
    """One setting: its key, what its value must be, what it is otherwise, and what it is for.

    `default` is `needed` where there is none.
    """

    key: str
    type: str
    default: str
    about: str = ""


def describe(cls: type[object]) -> tuple[Setting, ...]:
    """Return the settings of an attrs class, in its order; what each is for is in its docstring.

    Raises:
        PluginError: it is no attrs class.
    """
    fields, hints = settings_of(cls), hints_of(cls)
    told = _arguments(cls)
    return tuple(
        Setting(key, _type(hints[field.name]), _default(field), told.get(key, ""))
        for key, field in fields.items()
    )


def first_line(thing: object) -> str:
    """Return the first line of a docstring of a thing's own; "" where there is none."""
    if inspect.isclass(thing) and thing.__doc__ in (None, object.__doc__):
        return ""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _arguments(cls: type[object]) -> dict[str, str]:
    _, _, section = (inspect.getdoc(cls) or "").partition("Args:\n")
    found = _ARGUMENT.finditer(section)
    return {one["name"]: " ".join(one["about"].split()) for one in found}


def _type(hint: object) -> str:
    if hint in _WORDS:
        return _WORDS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in arguments if one is not types.NoneType)
    if origin is Literal:
        return ", ".join(map(str, arguments))
    if origin in (dict, Mapping):
        return "table"
    if arguments:
        return f"list: {', '.join(_type(one) for one in arguments if one is not Ellipsis)}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return ", ".join(str(member.value) for member in hint)
    return "table" if isinstance(hint, type) and attrs.has(hint) else "anything"


def _default(field: attrs.Attribute[object]) -> str:
    value = field.default
    if value is attrs.NOTHING:
        return NEEDED
    if value is None or value == () or isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        return ""
    if isinstance(value, Secret) or field.repr is not True:
        return "***"
    return _shown(value)


def _shown(value: object) -> str:
    """A default as it would be written, near enough."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, float):
        return format(value, "g")
    return str(value).lower() if isinstance(value, bool) else str(value)
