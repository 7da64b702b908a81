"""What a fact must look like to be disclosed: codes, ids, times, numbers, and no sentence.

A key alone proves nothing: another deployment may write a sentence, a name or an object where this
contract has a code. What does not have the shape of its field is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from fulfillment_sdk import lifecycle

Shape: TypeAlias = Callable[[object], bool]
"""Tells whether a JSON value looks like what its field is for."""

_LARGEST: Final = 2**63 - 1


def _text(pattern: str, flags: re.RegexFlag = re.ASCII) -> Shape:
    compiled = re.compile(pattern, flags)

    def fits(value: object) -> bool:
        return isinstance(value, str) and compiled.fullmatch(value) is not None

    return fits


code: Final = _text(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,63}")
"""One word of a vocabulary: `qc_passed`, `362485`, `image/jpeg`."""

title: Final = _text(r"(?!(?:[^\d]*\d){7})\w[\w.()/-]{0,19}( [\w.()/-]{1,20}){0,4}", re.UNICODE)
"""What a form is called: at most five words, and fewer digits than a telephone number has."""

_name = _text(r"[^\W_][\w.:/+=~-]{0,199}")

time: Final = _text(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?")
"""A date, or a date and a time, as ISO 8601 has it."""

_STATUS = r"'[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,63}'"
_CHANGED = _text(rf"Case status changed from ({_STATUS}|'-') to {_STATUS}")


def number(value: object) -> bool:
    """A whole number."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def identifier(value: object) -> bool:
    """What a system calls a thing, also where it counts its things; no address of a person."""
    return _name(value) or number(value)


def flag(value: object) -> bool:
    """True or false."""
    return isinstance(value, bool)


def code_or_number(value: object) -> bool:
    """A code that may be written as a number, as older systems do."""
    return code(value) or number(value)


def message(value: object) -> bool:
    """One of the sentences that the contract has for a step (section 4), and no other one."""
    return isinstance(value, str) and (value in _MESSAGES or _CHANGED(value))


def address(value: object) -> bool:
    """A URL without credentials: neither user, nor query, nor fragment."""
    if not isinstance(value, str) or len(value) > 500 or not value.isascii():
        return False
    try:
        parts = urlsplit(value)
        plain = parts.username is None and parts.password is None and bool(parts.hostname)
    except ValueError:
        return False
    clean = not any(one in value for one in "?#\\ \"'<>") and value.isprintable()
    return plain and clean and parts.scheme in ("https", "http")


_MESSAGES: Final = frozenset(
    {
        lifecycle.COMPLETION_MESSAGE,
        *(lifecycle.message(row.previous, row.new) for row in lifecycle.TRANSITIONS),
    }
)
