"""Models from parsed JSON."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from cattrs import BaseValidationError, ClassValidationError, Converter, IterableValidationError

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models._fields import Model, specs
from fulfillment_sdk.wire.converter import Refused, make_converter

M = TypeVar("M", bound=Model)


def load(cls: type[M], data: object) -> M:
    """Read a model from parsed JSON.

    ``data`` is what `strictjson.parse` or any JSON parser returns. Unknown keys are kept in ``raw``
    or ``extra``, a null counts as absent. Raises `PayloadError` with the path as the wire names it
    (``clients_case[0].age``) where a value has the wrong type or a mandatory one is absent.
    """
    try:
        return _converter().structure(data, cls)
    except (BaseValidationError, Refused) as error:
        problem = _translate(error, "")
    # Outside the handler, so that no value hangs on to the error by way of its context.
    raise problem


@cache
def _converter() -> Converter:
    return make_converter()


def _translate(error: BaseException, path: str) -> PayloadError:
    """The first leaf of cattrs' tree of errors, its path in the words of the wire."""
    if isinstance(error, ClassValidationError):
        inner, note = error.group_exceptions()[0][0]
        return _translate(inner, _join(path, _wire_path(error.cl, note.name)))
    if isinstance(error, IterableValidationError):
        inner, element = error.group_exceptions()[0][0]
        return _translate(inner, f"{path}[{element.index}]")
    if isinstance(error, Refused):
        return PayloadError(path, str(error))
    return PayloadError(path, "is missing")


def _wire_path(cls: type, name: str) -> str:
    return next((spec.path for spec in specs(cls) if spec.name == name), name)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
