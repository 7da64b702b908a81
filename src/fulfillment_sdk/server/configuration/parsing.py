"""How a setting's text becomes a value: one small parser per kind of setting (contract, section 7).

A parser takes what stands in a flag, a variable or the file: a text, or the texts of a TOML list.
What it can't read it refuses with a `ValueError` that says what the setting must be, and never
repeats what it was given: some settings are secrets.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import re
from collections.abc import Callable, Sequence
from email.utils import parseaddr
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

Raw = str | tuple[str, ...]
T = TypeVar("T")

_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def text(raw: Raw) -> str:
    """Take one text as it stands, without the white space around it."""
    if not isinstance(raw, str) or not raw.strip() or "\n" in raw.strip():
        raise ValueError("must be one line of text")
    return raw.strip()


def path(raw: Raw) -> Path:
    """Take a path, with `~` for the home folder."""
    return Path(text(raw)).expanduser()


def token(raw: Raw) -> str:
    """Take a bearer token: at least 16 visible ASCII characters."""
    value = text(raw)
    if len(value) < 16 or not re.fullmatch(r"[!-~]+", value):
        raise ValueError("must be 16 or more visible ASCII characters without a space")
    return value


def boolean(raw: Raw) -> bool:
    """Read `1`, `true`, `yes`, `on` and their opposites."""
    if isinstance(raw, str) and (found := _WORDS.get(raw.strip().lower())) is not None:
        return found
    raise ValueError("must be 1 or 0")


def whole(*, least: int, most: int = 2**31 - 1) -> Callable[[Raw], int]:
    """Make a parser for a whole number from `least` to `most`."""

    def parse(raw: Raw) -> int:
        if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,10}", raw.strip()):
            value = int(raw)
            if least <= value <= most:
                return value
        raise ValueError(f"must be a whole number from {least} to {most}")

    return parse


def choice(allowed: tuple[T, ...]) -> Callable[[Raw], T]:
    """Make a parser for one of a few words."""
    words: dict[Raw, T] = {str(word): word for word in allowed}

    def parse(raw: Raw) -> T:
        found = words.get(raw.strip() if isinstance(raw, str) else raw)
        if found is None:
            raise ValueError("must be one of " + ", ".join(str(word) for word in allowed))
        return found

    return parse


def seconds(raw: Raw) -> float:
    """Read a duration in seconds; fractions are allowed."""
    if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", raw.strip()):
        return float(raw)
    raise ValueError("must be a number of seconds, such as 30 or 0.5")


def duration(raw: Raw) -> float:
    """Read a duration in seconds above zero; fractions are allowed."""
    value = seconds(raw)
    if not value:
        raise ValueError("must be a number of seconds above 0, such as 30 or 0.5")
    return value


def schedule(raw: Raw) -> tuple[float, ...]:
    """Read durations in seconds, separated by commas; at least one."""
    try:
        steps = tuple(seconds(item) for item in items(raw))
    except ValueError:
        steps = ()
    if not steps:
        raise ValueError("must be seconds separated by commas, such as 0,5,30")
    return steps


def backoff(raw: Raw) -> tuple[float, float]:
    """Read `first:max`, two durations in seconds, the first above zero and not the larger one."""
    first, colon, most = raw.partition(":") if isinstance(raw, str) else ("", "", "")
    try:
        pair = (seconds(first), seconds(most))
    except ValueError:
        pair = (math.inf, 0.0)
    if not colon or not 0 < pair[0] <= pair[1]:
        raise ValueError("must be first:max in seconds, such as 1:60")
    return pair


def pair(raw: Raw) -> tuple[int, int]:
    """Read two whole numbers above zero, separated by a comma."""
    numbers = items(raw)
    count = whole(least=1)
    if len(numbers) != 2:
        raise ValueError("must be two whole numbers separated by a comma, such as 5,20")
    return count(numbers[0]), count(numbers[1])


def items(raw: Raw) -> tuple[str, ...]:
    """Read a comma-separated list; the entries of a TOML list are taken as they stand."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    return tuple(part.strip() for part in parts if part.strip())


def networks(raw: Raw) -> tuple[str, ...]:
    """Read IP addresses and networks, separated by commas, into networks."""
    try:
        return tuple(str(ipaddress.ip_network(item, strict=False)) for item in items(raw))
    except ValueError:
        raise ValueError("must be IP addresses or networks, such as 10.0.0.7,10.1.0.0/16") from None


def address(raw: Raw) -> str:
    """Read an http or https address without user, query or fragment; the last slash goes."""
    value = _split(raw)
    if (
        value is None
        or value.scheme not in ("http", "https")
        or value.username is not None
        or value.query
        or value.fragment
    ):
        raise ValueError("must be an address such as https://gateway.example.org")
    return value.geturl().rstrip("/")


def smtp(raw: Raw) -> str:
    """Read `smtp://user:pass@host:port` or `smtps://…`."""
    value = _split(raw)
    if value is None or value.scheme not in ("smtp", "smtps"):
        raise ValueError("must be smtp://user:pass@host:port or smtps://…")
    return value.geturl()


def database(raw: Raw) -> str:
    """Read a PostgreSQL URL; the driver's name is put in."""
    found = re.fullmatch(r"postgres(?:ql)?(?:\+psycopg)?://(\S+)", text(raw))
    if found is None or not _has_readable_port(f"postgresql://{found[1]}"):
        raise ValueError("must be postgresql://user:pass@host/name (SQLite files lie under --data)")
    return "postgresql+psycopg://" + found[1]


def sender(raw: Raw) -> str:
    """Read the address that mails come from, with or without a name before it."""
    found = text(raw)
    _, address = parseaddr(found)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ValueError("must be an e-mail address, such as Cases <cases@example.org>")
    return found


def _has_readable_port(url: str) -> bool:
    # A password without its "@host" behind it stands where the port should be.
    try:
        return urlsplit(url).port is not False
    except ValueError:
        return False


def secrets(raw: Raw) -> tuple[str, ...]:
    """Read webhook secrets, separated by spaces, newest first; `whsec_` and 24 to 64 bytes each."""
    found = tuple(raw.split()) if isinstance(raw, str) else raw
    for secret in found:
        size = len(_decoded(secret.removeprefix("whsec_")))
        if not secret.startswith("whsec_") or not 24 <= size <= 64:
            raise ValueError("must be whsec_ and the base64 of 24 to 64 random bytes, newest first")
    if not found:
        raise ValueError("must hold at least one secret")
    return found


def keys(*, least: int, most: int) -> Callable[[Raw], tuple[tuple[str, bytes], ...]]:
    """Make a parser for `id:base64` lists, newest first, of keys from `least` to `most` bytes."""
    length = f"{least}" if least == most else f"{least} or more"

    def parse(raw: Raw) -> tuple[tuple[str, bytes], ...]:
        entries = items(",".join(raw.split())) if isinstance(raw, str) else raw
        found = tuple(_key(entry) for entry in entries)
        if (
            not found
            or not all(name and least <= len(key) <= most for name, key in found)
            or len(dict(found)) != len(found)
        ):
            raise ValueError(f"must be id:base64 of {length} random bytes, newest first")
        return found

    return parse


def _key(entry: str) -> tuple[str, bytes]:
    name, _, encoded = entry.partition(":")
    return name, _decoded(encoded)


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _split(raw: Raw) -> SplitResult | None:
    try:
        value = urlsplit(text(raw))
        return value if value.hostname and value.port != 0 else None
    except ValueError:
        return None


def joined(values: Sequence[str]) -> str:
    """Write names for a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))
