"""JSON, read strictly and written compactly.

What different parsers would read differently is refused: duplicate keys, NaN, lone surrogates, a
byte order mark, nesting beyond 32. A number with a fraction or an exponent keeps its text, so
nothing is lost between reading and writing.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterable
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Final, NoReturn

from fulfillment_sdk.errors import PayloadError

MAX_DEPTH: Final = 32
# The least limit that Python knows is one of 640 digits.
_FEW_BITS: Final = 2000

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89abcdefABCDEF]")


class FloatText(str):
    """A JSON number with a fraction or an exponent as its text; it is written without quotes.

    Integers of thousands of digits, which Python does not compute with, are kept like this too.
    """

    __slots__ = ()


def parse(body: bytes | str, *, exact: bool = True, depth: int = MAX_DEPTH) -> object:
    """Read one JSON value.

    With ``exact``, numbers with a fraction or an exponent come back as `FloatText`; otherwise as
    floats, for code that computes with them. Raises `PayloadError` for anything that is not plain,
    unambiguous JSON in UTF-8 (contract, section 2: ``Invalid JSON in request body``); the error
    holds no part of the body.
    """
    text = _decode(body)
    value, fault = None, ""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=FloatText if exact else _float,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        fault = "nested too deep"
    except ValueError:
        fault = "not valid JSON"
    if fault:  # told outside of the handler: what the parser raises has the whole body with it
        raise PayloadError("", fault)
    if text.count("{") + text.count("[") > depth:
        _check_depth(value, depth)
    if _SURROGATE_ESCAPE.search(text):
        # Most of them come in pairs; writing the value tells.
        dumps(value)
    return value


def parse_object(
    body: bytes | str, *, exact: bool = True, depth: int = MAX_DEPTH
) -> dict[str, object]:
    """Read one JSON object, as `parse` does; anything else is a `PayloadError` too."""
    value = parse(body, exact=exact, depth=depth)
    if not isinstance(value, dict):
        raise PayloadError("", "not a JSON object")
    return value


def dumps(value: object) -> bytes:
    """Write a value compactly in UTF-8; raises `PayloadError` for what JSON can't hold."""
    return _encode(value, sort=False)


def canonical(value: object) -> bytes:
    """Write a value so that equal values give equal bytes: like `dumps`, with the keys sorted."""
    return _encode(value, sort=True)


def is_writable(value: int) -> bool:
    """Whether an integer has no more digits than Python writes (`sys.set_int_max_str_digits`)."""
    if value.bit_length() < _FEW_BITS:
        return True
    try:
        int.__repr__(value)
    except ValueError:
        return False
    return True


def _decode(body: bytes | str) -> str:
    if isinstance(body, str):
        text = body
        _check_text(text)
    else:
        text = _from_utf8(body)
    if text.startswith("\ufeff"):
        raise PayloadError("", "begins with a byte order mark")
    return text


def _from_utf8(body: bytes) -> str:
    with contextlib.suppress(UnicodeDecodeError):
        return body.decode("utf-8")
    raise PayloadError("", "not UTF-8")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise PayloadError("", "an object has a key twice")
    return result


def _integer(text: str) -> object:
    try:
        return int(text)
    except ValueError:  # beyond Python's limit of digits: a number all the same
        return FloatText(text)


def _float(text: str) -> object:
    value = float(text)
    return value if math.isfinite(value) else FloatText(text)


def _refuse_constant(_name: str) -> NoReturn:
    raise PayloadError("", "NaN and Infinity are not JSON")


def _check_depth(value: object, limit: int) -> None:
    """Refuse more levels of objects and lists than the limit, level by level."""
    level: list[object] = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
    if any(isinstance(item, dict | list) for item in level):
        raise PayloadError("", "nested too deep")


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_text(text: str) -> None:
    if _SURROGATE.search(text):
        raise PayloadError("", "a text has half a surrogate pair")


def _encode(value: object, *, sort: bool) -> bytes:
    try:
        return _text(value, sort).encode("utf-8")
    except UnicodeEncodeError:
        fault = "a text has half a surrogate pair"
    except RecursionError:
        fault = "nested too deep"
    # Outside of the handler: what Python raises has the whole text with it.
    raise PayloadError("", fault)


def _text(value: object, sort: bool) -> str:
    if type(value) is str:  # what nearly all values are
        return encode_basestring(value)
    if isinstance(value, str):
        return str(value) if isinstance(value, FloatText) else encode_basestring(value)
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, int):
        if not is_writable(value):
            raise PayloadError("", "a number has too many digits")
        return int.__repr__(value)
    if isinstance(value, dict):
        return _object_text(value, sort)
    if isinstance(value, list | tuple):
        return "[" + ",".join([_text(item, sort) for item in value]) + "]"
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value)
    if isinstance(value, float):
        raise PayloadError("", "NaN and Infinity are not JSON")
    raise PayloadError("", f"JSON has no {type(value).__name__}")


def _object_text(value: dict[str, object], sort: bool) -> str:
    for key in value:
        if not isinstance(key, str):
            raise PayloadError("", "a key of an object is no text")
    items = sorted(value.items(), key=itemgetter(0)) if sort else value.items()
    pairs = [
        f"{encode_basestring(k)}:{encode_basestring(v) if type(v) is str else _text(v, sort)}"
        for k, v in items
    ]
    return "{" + ",".join(pairs) + "}"


_WORDS: Final = {None: "null", True: "true", False: "false"}
