"""Models into JSON.

Without cattrs, which the reading needs: who creates a case does not wait for that to be loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import attrs

from fulfillment_sdk import strictjson
from fulfillment_sdk.models._fields import Model, Spec, specs
from fulfillment_sdk.strictjson import FloatText


def to_json(model: Model) -> dict[str, object]:
    """Write a model as a JSON object: names as on the wire, nothing that is not given in a request.

    Answers and events keep their nulls.
    """
    cls: Any = type(model)  # mypy counts no class as hashable
    return _writer(cls)(model)


def dumps(model: Model) -> bytes:
    """Write a model as compact JSON in UTF-8."""
    return strictjson.dumps(to_json(model))


@cache
def _writer(cls: Any) -> Callable[[Any], dict[str, object]]:
    known = _in_order(cls)
    # A request leaves out what is not given, an answer or an event says null.
    is_request = any(one.name == "extra" for one in attrs.fields(cls))

    def write_model(model: Any) -> dict[str, object]:
        written: dict[str, Any] = {}
        for spec in known:
            value = getattr(model, spec.name)
            if is_request and (value is None or value == ()):
                continue
            holder = written.setdefault(spec.part, {}) if spec.part else written
            holder[spec.wire] = value if type(value) is str else _plain(value)
        if is_request:
            for key, value in model.extra.items():
                written.setdefault(key, value)
        return written

    return write_model


def _in_order(cls: type[Model]) -> tuple[Spec, ...]:
    """A model's fields; those of an event's base come first, whatever a subclass declares anew."""
    bases = [base for base in cls.__mro__ if base is not Model and issubclass(base, Model)]
    order = {spec.name: index for index, spec in enumerate(specs(bases[-1]))}
    return tuple(sorted(specs(cls), key=lambda spec: order.get(spec.name, len(order))))


def _plain(value: object) -> object:
    if isinstance(value, Model):
        return to_json(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    # A status or a priority is a text on the wire; a number that kept its text stays one.
    return str(value) if isinstance(value, str) and not isinstance(value, FloatText) else value
