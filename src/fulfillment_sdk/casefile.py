"""What the contract has against a case: pure checks of a parsed request body.

Gateway, portal and client use the same checks. The fields and their types come from the models, so
there is one table of them. Contract, section 2.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from attrs import frozen

from fulfillment_sdk.models._fields import Model, Spec, specs
from fulfillment_sdk.models.case import NewCase
from fulfillment_sdk.strictjson import FloatText, canonical, is_writable

# In the order in which the contract checks them.
MANDATORY: Final = (
    "reporter.fname",
    "gbv_related",
    "case_category_id",
    "narrative",
    "plan",
    "priority",
    "status",
)
DAY: Final = 86_400

_TEXTS: Final = frozenset({"text", "stamp"})
_EPOCH_SECONDS = re.compile(r"[0-9]{9,10}(\.[0-9]{1,6})?")
_MESSAGES: Final = {
    "missing": "Missing required field: {}",
    "invalid": "Invalid value for field: {}",
    "timestamp": "Invalid timestamp: {}",
}


@frozen
class Problem:
    """One thing that is wrong with a case: what kind it is and the path of the field."""

    kind: Literal["missing", "invalid", "timestamp"]
    field: str

    @property
    def message(self) -> str:
        """The contract's words for it, which hold no value."""
        return _MESSAGES[self.kind].format(self.field)


def problems(case: Mapping[str, object], *, now: float) -> list[Problem]:
    """Everything that is wrong with a case, in the order in which the contract checks it.

    ``case`` is a request body as `strictjson.parse_object` returns it, ``now`` epoch seconds: first
    what is missing, then wrong types by the order of the documented fields, then the timestamp.
    """
    return list(_problems(case, now))


def first_problem(case: Mapping[str, object], *, now: float) -> Problem | None:
    """The problem that a server answers with, or None where the case is good."""
    return next(_problems(case, now), None)


def digest(case: Mapping[str, object]) -> str:
    """The SHA-256, in hex, of the case's canonical JSON without ``src_ts``.

    Two requests with one idempotency key must have the same one.
    """
    kept = {key: value for key, value in case.items() if key != "src_ts"}
    return hashlib.sha256(canonical(kept)).hexdigest()


def _problems(case: Mapping[str, object], now: float) -> Iterator[Problem]:
    missing = [path for path in MANDATORY if _absent(_at(case, path))]
    for path in missing:
        yield Problem("missing", path)
    for path in _wrong(NewCase, case, ""):
        if not (path == "reporter" and MANDATORY[0] in missing):
            yield Problem("invalid", path)
    if not _good_timestamp(case.get("src_ts"), now):
        yield Problem("timestamp", "src_ts")


def _at(case: Mapping[str, object], path: str) -> object:
    value: object = case
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _absent(value: object) -> bool:
    return value is None or (_is_text(value) and not str(value).strip())


def _wrong(cls: type[Model], data: Mapping[str, object], prefix: str) -> Iterator[str]:
    """The paths of the values that have another JSON type than their field."""
    for spec in specs(cls):
        value = data.get(spec.wire)
        # Nearly all fields are texts, and nearly all of them hold one.
        if value is None or (type(value) is str and spec.kind in _TEXTS):
            continue
        yield from _wrong_value(spec, value, prefix + spec.wire)


def _wrong_value(spec: Spec, value: object, path: str) -> Iterator[str]:
    if spec.kind == "object" and spec.of is not None and isinstance(value, Mapping):
        yield from _wrong(spec.of, value, f"{path}.")
    elif spec.kind == "list" and spec.of is not None and isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                yield from _wrong(spec.of, item, f"{path}[{index}].")
            else:
                yield f"{path}[{index}]"
    elif not _fits(spec, value):
        yield path


def _fits(spec: Spec, value: object) -> bool:
    if value == "":
        # Legal in every optional field; a mandatory one is reported as missing.
        return True
    match spec.kind:
        case "text":
            return _is_text(value) or _is_integer(value)
        case "stamp":
            return _is_text(value) or _is_integer(value) or isinstance(value, FloatText | float)
        case "flag":
            return isinstance(value, bool) or _absent(value)
        case _:
            return False


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, FloatText)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and is_writable(value)


def _good_timestamp(value: object, now: float) -> bool:
    # A boolean, a list or an object is a wrong type, not a wrong time.
    if _absent(value) or not (_is_integer(value) or isinstance(value, str | float)):
        return True
    stamp = str(value)
    return _EPOCH_SECONDS.fullmatch(stamp) is not None and float(stamp) <= now + DAY
