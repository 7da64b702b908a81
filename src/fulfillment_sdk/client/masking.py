"""What of a server's words may be shown: never a value that was sent (contract, section 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

_LONGEST: Final = 300
_FIELD = re.compile(r"[A-Za-z_.][A-Za-z0-9_.-]{0,63}")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]*\.?[\w-]*")
# What is quoted, an address, a number: the usual shapes of an echo.
_ECHO = re.compile(r"\"[^\"]*\"|'[^']*'|‘[^’]*’|“[^”]*”|\S+@\S+|\+?\d[\d .:/-]{2,}\d|\d{4,}")
_HARMLESS = re.compile(
    r"(missing required field|invalid value for field|invalid timestamp): [\w.\[\]-]{1,128}"
    r"|[a-z][a-z ,()-]*\.?",
    re.IGNORECASE,
)


def sentence(text: str, sent: Iterable[str] = ()) -> str:
    """A `message` as one line, without any text of at least three characters that was `sent`."""
    line = _TOKEN.sub("…", _UNPRINTABLE.sub(" ", text)).strip()
    for value in sorted({v.strip() for v in sent}, key=len, reverse=True):
        if len(value) > 2:
            line = line.replace(_UNPRINTABLE.sub(" ", value), "…")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def guarded(text: str, sent: Iterable[str] = ()) -> str:
    """An `error` or `detail`: like `sentence`, and what looks like an echo goes too."""
    line = sentence(text, sent)
    return line if _HARMLESS.fullmatch(line) else _ECHO.sub("…", line)


def texts(value: object) -> Iterator[str]:
    """Every string inside parsed JSON, keys aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def field_paths(errors: object, path: str = "") -> Iterator[tuple[str, str]]:
    """The fields that a nested `errors` names, each with the text about it (never to be shown)."""
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            name = str(key) if _FIELD.fullmatch(str(key)) else "…"
            yield from field_paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(errors, list | tuple):
        for index, inner in enumerate(errors):
            yield from field_paths(inner, path if isinstance(inner, str) else f"{path}[{index}]")
    elif isinstance(errors, str) and path:
        yield path, errors
