"""Typed settings: a table from a configuration becomes an attrs class, strictly.

A wrong type is never bent into the right one (`"false"` is no boolean, `1` is no string), an
unknown key is an error that names the nearest, and no message holds a value, which may be a
password. Any text may be left in the environment or in a file, as `secret` has it.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from fulfillment_sdk.configuration.toml_file import nearest
from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.plugins.settings.secret import Secret

S = TypeVar("S")

_SCALARS: Mapping[object, tuple[str, tuple[type, ...]]] = {
    str: ("a string", (str,)),
    int: ("an integer", (int,)),
    float: ("a number", (int, float)),
    bool: ("true or false", (bool,)),
    Path: ("a path", (str, Path)),
}


def load_settings(cls: type[S], values: object, *, where: str) -> S:
    """Make an instance of the attrs class `cls` from a mapping of keys to values.

    `where` is how messages call the table, such as `sinks.audit`. Fields may be `str`, `int`,
    `float`, `bool`, `Path`, `Secret`, literals, enums, attrs classes, and optional ones, lists,
    tuples and mappings of these.

    Raises:
        ConfigurationError: a key is unknown or missing, or a value has the wrong type or is refused
            by the class's own validators.
        PluginError: the class has a field of a type that can't be configured.
    """
    hints, fields = hints_of(cls), settings_of(cls)
    if not isinstance(values, Mapping):
        raise _wrong(where, "a table")
    refuse_unknown_keys(values, fields, where=where)
    for key, field in fields.items():
        if key not in values and field.default is attrs.NOTHING:
            raise ConfigurationError(f"{where} has no {key}", remedy=f"Set {where}.{key}.")
    given = {
        key: _structure(value, hints[fields[key].name], f"{where}.{key}")
        for key, value in values.items()
    }
    try:
        return cls(**given)
    except Exception as error:  # noqa: BLE001
        # The class's own words may repeat a value.
        raise ConfigurationError(
            f"{where} is refused by {cls.__qualname__} ({type(error).__name__})",
            remedy=f"Check the values of {', '.join(given)}.",
        ) from None


def settings_of(cls: type[object]) -> dict[str, attrs.Attribute[object]]:
    """Return the fields of a settings class by the keys that a configuration uses for them.

    Raises:
        PluginError: it is no attrs class.
    """
    if not attrs.has(cls):
        raise PluginError(
            f"{cls.__qualname__} is no attrs class", remedy="Decorate it with @attrs.frozen."
        )
    return {field.alias: field for field in attrs.fields(cls) if field.init and field.alias}


def hints_of(cls: type[object]) -> dict[str, object]:
    """Return the types of a settings class's fields by their names.

    Raises:
        PluginError: an annotation names what there isn't, or what is there for type checkers alone.
    """
    try:
        return get_type_hints(cls)
    except Exception as error:
        raise PluginError(
            f"The annotations of {cls.__qualname__} can't be read ({type(error).__name__})",
            remedy="Import what they name at run time, too.",
        ) from error


def refuse_unknown_keys(given: Iterable[str], known: Iterable[str], *, where: str) -> None:
    """Raise `ConfigurationError` for the first unknown key, naming the nearest known one."""
    names = sorted(known)
    for key in given:
        if key not in names:
            meant = nearest(str(key), names)
            raise ConfigurationError(
                f"{where} has an unknown key, {key}",
                remedy=f"Did you mean {meant}?" if meant else f"Keys: {', '.join(names)}.",
            )


def _structure(value: object, hint: object, where: str) -> object:
    if hint is object:
        return value
    if hint in _SCALARS:
        return _scalar(value, hint, where)
    if hint is Secret:
        return Secret.read(value, where=where)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _one_of(value, arguments, where)
    if origin is Literal:
        if _is_among(value, arguments):
            return value
        raise _wrong(where, " or ".join(map(str, arguments)))
    if origin in (list, tuple, Sequence):
        return _several(value, origin, arguments, where)
    if origin in (dict, Mapping) and arguments[0] is str:
        if not isinstance(value, Mapping):
            raise _wrong(where, "a table")
        return {
            key: _structure(item, arguments[1], f"{where}.{key}") for key, item in value.items()
        }
    if isinstance(hint, type) and issubclass(hint, Enum):
        if _is_among(value, choices := [member.value for member in hint]):
            return hint(value)
        raise _wrong(where, " or ".join(map(str, choices)))
    if isinstance(hint, type) and attrs.has(hint):
        return load_settings(hint, value, where=where)
    raise PluginError(f"{where} can't be configured: its type is {hint!r}")


def _is_among(value: object, choices: Iterable[object]) -> bool:
    # To Python True is 1, and so is 1.0.
    return any(value == choice and type(value) is type(choice) for choice in choices)


def _scalar(value: object, hint: object, where: str) -> object:
    words, kinds = _SCALARS[hint]
    if hint in (str, Path) and isinstance(value, Mapping):  # where it is to be found
        value = Secret.read(value, where=where).value
    # To Python a boolean is an integer; to whoever writes a configuration it is not.
    if not isinstance(value, kinds) or (isinstance(value, bool) and hint is not bool):
        raise _wrong(where, words)
    if hint is Path and (not str(value) or "\0" in str(value)):
        raise _wrong(where, words)
    if hint is float and isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            raise _wrong(where, words) from None
    return Path(value) if hint is Path and isinstance(value, str) else value


def _one_of(value: object, choices: tuple[object, ...], where: str) -> object:
    if value is None and types.NoneType in choices:
        return None
    failure: ConfigurationError | None = None
    for choice in choices:
        if choice is not types.NoneType:
            try:
                return _structure(value, choice, where)
            except ConfigurationError as error:
                failure = failure or error
    raise failure or _wrong(where, "nothing")


def _several(value: object, origin: object, arguments: tuple[object, ...], where: str) -> object:
    # A string is a sequence too, of its letters: never what was meant.
    if not isinstance(value, list | tuple):
        raise _wrong(where, "a list")
    hints: Iterable[object] = itertools.repeat(arguments[0])
    if origin is tuple and arguments[-1] is not Ellipsis:  # one type for each place
        if len(value) != len(arguments):
            raise _wrong(where, f"a list of {len(arguments)}")
        hints = arguments
    items = [
        _structure(item, hint, f"{where}[{n}]")
        for n, (item, hint) in enumerate(zip(value, hints, strict=False))
    ]
    return items if origin is list else tuple(items)


def _wrong(where: str, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"{where} must be {wanted}", remedy="Correct its value.")
