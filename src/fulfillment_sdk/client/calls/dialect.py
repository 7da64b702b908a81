"""How the deployed gateway wants a case written (contract, section 6).

It refuses the boolean `gbv_related` and blank optional strings, with a 400 that names them before
it stores anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from fulfillment_sdk.errors import APIError

NAME: Final = "plain-strings"

_MANDATORY: Final = frozenset({"case_category_id", "narrative", "plan", "priority", "status"})
_OF_THE_REPORTER: Final = frozenset({"fname"})
_NOTHING: Final[frozenset[str]] = frozenset()


def wanted(refusal: APIError, case: Mapping[str, object]) -> bool:
    """Whether a 400 names nothing but the boolean and blank strings that `case` really has."""
    errors = refusal.body.get("errors") if isinstance(refusal.body, Mapping) else None
    if refusal.status != 400 or not isinstance(errors, Mapping) or not errors:
        return False
    return not faults(errors, case)


def faults(errors: object, case: Mapping[str, object]) -> dict[str, object]:
    """What `errors` has against the case itself, apart from the way in which it is written."""
    named = errors if isinstance(errors, Mapping) else {}
    return {name: it for name, it in named.items() if not _about_writing(name, it, case)}


def write(case: Mapping[str, object]) -> dict[str, object]:
    """The same case with `gbv_related` as `"1"` or `"0"` and without blank strings at any depth.

    Blank mandatory fields stay: that gateway refuses them, but takes a case that lacks them.
    """
    plain = _filled(case, _MANDATORY)
    if isinstance(reporter := case.get("reporter"), Mapping):
        plain["reporter"] = _filled(reporter, _OF_THE_REPORTER)
    if isinstance(flag := case.get("gbv_related"), bool):
        plain["gbv_related"] = "1" if flag else "0"
    return plain


def _about_writing(name: object, errors: object, case: Mapping[str, object]) -> bool:
    if not isinstance(name, str) or name in _MANDATORY or name not in case or not errors:
        return False
    if name == "gbv_related":
        return isinstance(case[name], bool)
    if name == "reporter" and isinstance(errors, Mapping) and errors.keys() & _OF_THE_REPORTER:
        return False
    return _names_blanks(errors, case[name])


def _names_blanks(errors: object, sent: object) -> bool:
    """Walk `errors` and what was sent side by side; every leaf must be a blank string."""
    if isinstance(errors, Mapping):
        inside = isinstance(sent, Mapping | list | tuple)
        return inside and all(_names_blanks(it, _child(sent, key)) for key, it in errors.items())
    if isinstance(errors, list | tuple) and any(isinstance(inner, Mapping) for inner in errors):
        return all(_names_blanks(inner, _child(sent, i)) for i, inner in enumerate(errors))
    return _blank(sent)


def _child(sent: object, key: object) -> object:
    if isinstance(sent, Mapping):
        return sent.get(key)
    if isinstance(sent, list | tuple) and str(key).isdecimal() and int(str(key)) < len(sent):
        return sent[int(str(key))]
    return None


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _filled(fields: Mapping[str, object], kept: Collection[str]) -> dict[str, object]:
    return {
        key: _without_blanks(inner)
        for key, inner in fields.items()
        if key in kept or not _blank(inner)
    }


def _without_blanks(value: object) -> object:
    if isinstance(value, Mapping):
        return _filled(value, _NOTHING)
    if isinstance(value, list | tuple):
        return [_without_blanks(inner) for inner in value]
    return value
