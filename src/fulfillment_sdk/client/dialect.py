"""How the deployed gateway wants a case written (contract, section 6).

It refuses the boolean `gbv_related` and blank optional strings, with a 400 that names them before
it stores anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fulfillment_sdk.errors import APIError

NAME: Final = "plain-strings"

_MANDATORY: Final = frozenset({"case_category_id", "narrative", "plan", "priority", "status"})


def wanted(refusal: APIError, case: Mapping[str, object]) -> bool:
    """Whether a 400 names nothing but the boolean and blank strings that `case` really has."""
    errors = refusal.body.get("errors") if isinstance(refusal.body, Mapping) else None
    if refusal.status != 400 or not isinstance(errors, Mapping) or not errors:
        return False
    return all(_about_writing(name, inner, case) for name, inner in errors.items())


def write(case: Mapping[str, object]) -> dict[str, object]:
    """The same case with `gbv_related` as `"1"` or `"0"` and without blank strings at any depth."""
    plain = {key: _without_blanks(value) for key, value in case.items() if not _blank(value)}
    if isinstance(flag := case.get("gbv_related"), bool):
        plain["gbv_related"] = "1" if flag else "0"
    return plain


def _about_writing(name: object, errors: object, case: Mapping[str, object]) -> bool:
    if not isinstance(name, str) or name in _MANDATORY or name not in case:
        return False
    if name == "gbv_related":
        return isinstance(case[name], bool)
    if name == "reporter" and isinstance(errors, Mapping) and "fname" in errors:
        return False
    return _names_blanks(errors, case[name])


def _names_blanks(errors: object, sent: object) -> bool:
    """Walk `errors` and what was sent side by side; every leaf must be a blank string."""
    if isinstance(errors, Mapping):
        return all(_names_blanks(inner, _child(sent, key)) for key, inner in errors.items())
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


def _without_blanks(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_blanks(inner) for key, inner in value.items() if not _blank(inner)}
    if isinstance(value, list | tuple):
        return [_without_blanks(inner) for inner in value]
    return value
