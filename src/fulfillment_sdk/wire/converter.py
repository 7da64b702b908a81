"""The one cattrs converter, which reads models and is strict about scalars.

cattrs as it comes makes ``"None"`` of null, true of ``"false"`` and 1 of 1.9. Here a value has the
type of its field, or is an integer where a text is declared (its digits are taken), or is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_origin

import attrs
from cattrs import Converter
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models._fields import Model, Spec, specs
from fulfillment_sdk.strictjson import FloatText

# Kinds for which an empty text means "not given": it is legal in every optional field.
_BLANKABLE: Final = frozenset({"object", "list", "texts", "flag"})


class Refused(ValueError):
    """A value has the wrong type; the text says what is wanted, never what was there."""


def take_text(value: object) -> str:
    """A text as it is, an integer as its digits."""
    if isinstance(value, str) and not isinstance(value, FloatText):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Refused("must be a string")


def take_stamp(value: object) -> str:
    """A text, an integer, or a number with a fraction as it was written."""
    return str(value) if isinstance(value, FloatText | float) else take_text(value)


def take_flag(value: object) -> bool:
    """A boolean."""
    if isinstance(value, bool):
        return value
    raise Refused("must be true or false")


def take_number(value: object) -> int:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Refused("must be a whole number")


def take_seconds(value: object) -> float:
    """A number, with a fraction or without."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise Refused("must be a number")


def take_object(value: object) -> dict[str, object]:
    """An object, untouched."""
    if isinstance(value, dict):
        return value
    raise Refused("must be an object")


def make_converter() -> Converter:
    """Build a converter that reads every model of this package."""
    converter = Converter(detailed_validation=True)
    for type_, take in _TAKERS.items():
        converter.register_structure_hook(type_, _as_hook(take))
    converter.register_structure_hook_func(_is_mapping, _as_hook(take_object))
    converter.register_structure_hook_factory(_is_tuple, _list_reader)
    converter.register_structure_hook_factory(_is_model, _model_reader)
    return converter


_TAKERS: Final[Mapping[type, Callable[[object], object]]] = {
    str: take_text,
    bool: take_flag,
    int: take_number,
    float: take_seconds,
    CaseStatus: lambda value: CaseStatus(take_text(value)),
}


def _as_hook(take: Callable[[object], object]) -> Callable[[object, object], Any]:
    return lambda value, _type: take(value)


def _is_model(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Model)


def _is_tuple(type_: Any) -> bool:
    return get_origin(type_) is tuple


def _is_mapping(type_: Any) -> bool:
    return get_origin(type_) is Mapping


def _list_reader(type_: Any, converter: Converter) -> Callable[[object, object], Any]:
    read = homogenous_tuple_structure_factory(type_, converter)

    def read_list(value: object, wanted: object) -> Any:
        # A text or an object can be iterated too, so cattrs alone would take it.
        if not isinstance(value, list | tuple):
            raise Refused("must be a list")
        return read(value, wanted)

    return read_list


def _model_reader(cls: Any, converter: Converter) -> Callable[[object, object], Any]:
    known = specs(cls)
    names = {one.name for one in attrs.fields(cls)}
    wires = {spec.wire for spec in known}
    stamps: dict[str, Any] = {
        spec.name: override(struct_hook=_as_hook(take_stamp))
        for spec in known
        if spec.kind == "stamp"
    }
    read = make_dict_structure_fn(cls, converter, **stamps)

    def read_model(value: object, wanted: object) -> Any:
        payload = take_object(value)
        fields = _by_name(known, payload)
        if "raw" in names:
            fields["raw"] = payload
        if "extra" in names:
            fields["extra"] = {key: payload[key] for key in payload if key not in wires}
        return read(fields, wanted)

    return read_model


def _by_name(known: tuple[Spec, ...], payload: Mapping[str, object]) -> dict[str, object]:
    """The payload's values under the names of the model's fields; a null counts as absent."""
    fields: dict[str, object] = {}
    for spec in known:
        holder = payload.get(spec.part) if spec.part else payload
        value = holder.get(spec.wire) if isinstance(holder, dict) else None
        if value is not None and not (value == "" and spec.kind in _BLANKABLE):
            fields[spec.name] = value
    return fields
