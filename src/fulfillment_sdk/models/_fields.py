"""What a field of a model is on the wire, kept as the field's metadata.

``wire`` is its name there, ``part`` the object of the payload that holds it (``""`` for the payload
itself), ``kind`` the shape of its value, ``of`` the model inside, and ``sensitive`` whether it
identifies or hurts a person: such a value never shows in a ``repr``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal

import attrs

from fulfillment_sdk.errors import ConfigurationError

# "stamp" is a text that may be written as a number with a fraction; "any" is kept as it came.
Kind = Literal["text", "stamp", "flag", "number", "status", "object", "list", "texts", "any"]

_KEY: Final = "fulfillment_sdk"
_CONFIDED: Final = re.compile(r"(://)[^/?#\s'\"]*(@)|(\?)[^\s'\"]+")
_USUAL: Final = (tuple, list)
_UNSET: Final[tuple[object, ...]] = (None, "", (), {})


@attrs.frozen
class Spec:
    """One field of a model: its Python name, and what it is on the wire."""

    name: str
    wire: str
    kind: Kind
    of: type[Model] | None
    part: str
    sensitive: bool

    @property
    def path(self) -> str:
        """Where it is in the payload, as the contract writes paths."""
        return f"{self.part}.{self.wire}" if self.part else self.wire


class Model:
    """The base of all models: its ``repr`` skips what is not given and hides what is sensitive."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = (
            f"{spec.name}={'***' if _hidden(spec, value) else _shown(value)}"
            for spec in specs(type(self))
            if (value := getattr(self, spec.name)) not in _UNSET
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def _hidden(spec: Spec, value: object) -> bool:
    """Whether a value stays out of a ``repr``: also a mapping, say, that stands for a model."""
    parts = value if isinstance(value, tuple) else (value,)
    return spec.sensitive or (
        spec.of is not None and not all(isinstance(part, Model) for part in parts)
    )


def _shown(value: object) -> str:
    """A value's ``repr``; an address is shown without credentials, and without its query."""
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return type(value).__name__
    return text if "://" not in text else _CONFIDED.sub(r"\1\3***\2", text)


def specs(cls: type[Any]) -> tuple[Spec, ...]:
    """The fields of a model that are on the wire, in the order of its payload."""
    hashable: Any = cls  # mypy counts no class as hashable
    return _specs(hashable)


@cache
def _specs(cls: type[Any]) -> tuple[Spec, ...]:
    return tuple(
        Spec(
            name=one.name,
            wire=known["wire"] or one.name,
            kind=known["kind"],
            of=known["of"],
            part=known["part"],
            sensitive=known["sensitive"],
        )
        for one in attrs.fields(cls)
        if (known := one.metadata.get(_KEY)) is not None
    )


def meta(
    kind: Kind = "text",
    *,
    wire: str = "",
    of: type[Model] | None = None,
    part: str = "",
    sensitive: bool = False,
) -> Mapping[str, object]:
    """The metadata of one field, for ``attrs.field(metadata=…)``."""
    return {_KEY: {"kind": kind, "wire": wire, "of": of, "part": part, "sensitive": sensitive}}


def text(
    *, wire: str = "", part: str = "", sensitive: bool = False, kind: Kind = "text"
) -> Any:  # what attrs.field returns
    """An optional scalar, None where it is not given."""
    return attrs.field(default=None, metadata=meta(kind, wire=wire, part=part, sensitive=sensitive))


def word(*, part: str = "", default: str = "", sensitive: bool = False) -> Any:
    """A text of an answer that is empty where the server leaves it out."""
    return attrs.field(default=default, metadata=meta(part=part, sensitive=sensitive))


def extra() -> Any:
    """What the payload has beyond the known fields; written back, never shown."""
    return attrs.field(factory=dict, hash=False, converter=_mapping)


def _mapping(value: object) -> object:
    if type(value) is not dict and not isinstance(value, Mapping):
        raise ConfigurationError(
            f"extra is no mapping, but {_kind(value)}",
            remedy="Leave extra out, or give it names and values: extra={…}.",
        )
    return value


def refuse_no_list(name: str, value: object) -> None:
    """Raise ConfigurationError unless a field of several models is given several, or none."""
    if type(value) in _USUAL:
        return
    alone = isinstance(value, str | bytes | Mapping | Model)
    if alone or not isinstance(value, Iterable):
        raise ConfigurationError(
            f"{name} is no list, but {_kind(value)}",
            remedy=f"Leave {name} out, or give a list: {name}=[…].",
        )


def _kind(value: object) -> str:
    return "None" if value is None else f"of the type {type(value).__name__}"


def raw() -> Any:
    """The untouched payload that the model was read from; never written, compared or shown."""
    return attrs.field(factory=dict, eq=False)
