"""What comes in and what goes out, as values.

No answer carries `Retry-After`, `WWW-Authenticate`, features or an id of the request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"

_NOT_FOUND: Final = """
<!doctype html>
<html lang="en">
<head>
  <title>Not Found</title>
</head>
<body>
  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent; `path` is without its query, names of headers are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `measured` is False where the length is not announced (redirects)."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    measured: bool = True


def as_json(status: int, value: object) -> Answer:
    """An answer in JSON, with everything outside of ASCII escaped."""
    return Answer(status, JSON, json.dumps(value).encode())


def refused(status: int, message: str, **more: object) -> Answer:
    """An error in the form that all of them have."""
    return as_json(status, {"status": "error", "message": message, **more})


def words(status: int, text: str) -> Answer:
    """Plain words, which call themselves HTML."""
    return Answer(status, HTML, text.encode())


def not_found() -> Answer:
    """What the router says to an address that it does not have."""
    return words(404, _NOT_FOUND)


def not_allowed(methods: str) -> Answer:
    """The address takes other methods: `methods`, as they stand in `Allow`."""
    return Answer(405, HTML, b"", {"Allow": methods})


def options(methods: str) -> Answer:
    """What the address takes. Not recorded but for its place in `Allow`."""
    return Answer(200, HTML, b"", {"Allow": methods})


def moved(location: str) -> Answer:
    """The same address with its slash."""
    return Answer(301, HTML, b"", {"Location": location}, measured=False)
