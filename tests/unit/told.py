"""A case with everything in it, each value a word that occurs nowhere else, and where they show."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any, Final

from fulfillment_sdk import wire
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.models import NewCase
from fulfillment_sdk.models._fields import Model, Spec, specs
from tests.journeys._telltale import Telltales

STAMP: Final = "1743849002.123457"


def payload(
    cls: type[Model], told: Telltales, *, hidden_only: bool = False, path: str = ""
) -> dict[str, Any]:
    """A whole payload of a model; with `hidden_only`, what it may show is left unmarked."""
    written: dict[str, Any] = {"beyond": {"the": [told.word(f"{path}beyond")]}}
    for spec in specs(cls):
        holder = written.setdefault(spec.part, {}) if spec.part else written
        holder[spec.wire] = _value(spec, told, hidden_only, f"{path}{spec.path}")
    return written


def whole_case(told: Telltales) -> NewCase:
    """A case that a server takes, with all fields there are and one beyond them at every level."""
    written = payload(NewCase, told) | {"src_ts": told.keep("src_ts", STAMP)}
    return wire.load(NewCase, written)


def _value(spec: Spec, told: Telltales, hidden_only: bool, path: str) -> Any:
    match spec.kind:
        case "object" if spec.of is not None:
            return payload(spec.of, told, hidden_only=hidden_only, path=f"{path}.")
        case "list" if spec.of is not None:
            return [
                payload(spec.of, told, hidden_only=hidden_only, path=f"{path}[{index}].")
                for index in range(2)
            ]
        case "texts":
            return ["plain"]
        case "flag":
            return True
        case "number":
            return 17
        case "any":
            return {"answer": [told.word(path)]}
        case _:
            return "plain" if hidden_only and not spec.sensitive else told.word(path)


def shown_by(error: BaseException) -> str:
    """What an error shows in any usual way: its texts, its attributes, and what it is chained to.

    Its `body` aside, which is the server's answer as it came, and the keys of an unknown outcome.
    """
    parts = []
    for one in _chain(error):
        parts += [str(one), repr(one), repr(one.args), "".join(traceback.format_exception(one))]
        parts += [repr(getattr(one, "__notes__", ()))]
        parts += [_attribute(name, value) for name, value in vars(one).items()]
        if not isinstance(one, FulfillmentError):
            # What others' errors carry along: `UnicodeEncodeError.object`, `JSONDecodeError.doc`.
            names = (name for name in dir(one) if not name.startswith("_"))
            parts += [repr(getattr(one, name)) for name in names]
    return "\n".join(parts)


def _attribute(name: str, value: object) -> str:
    if name in {"body", "idempotency_key", "src_uid"}:
        return ""
    if name in {"request", "response"} and value is not None:
        return f"{value!r} {value} {getattr(value, 'headers', None)}"
    return f"{value!r} {value}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error with all that it says led to it, also where `from None` hides that."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [other for other in (one.__cause__, one.__context__) if other is not None]


def shown_by_records(records: list[logging.LogRecord]) -> str:
    """What log records show, in their texts and in what a handler of another kind would find."""
    return "\n".join(f"{record.getMessage()}\n{vars(record)!r}" for record in records)
