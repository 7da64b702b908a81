"""The name of a file as the form that carries it claims it. Pure; nothing here makes it safe."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

LONGEST: Final = 300
"""How much of a name is kept, from its end: there is the ending."""

# What browsers write in a name (HTML, "multipart/form-data encoding algorithm").
_ESCAPES: Final = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))
# ``filename*=UTF-8''na%C3%AFve.jpg`` (RFC 8187). Forms should not have it, and .NET's do: beside
# it, there, the plain name is an encoded word of mail that nobody wants to read.
_EXTENDED: Final = re.compile(
    rb";\s*filename\*\s*=\s*(?P<charset>utf-8|iso-8859-1)'[^';]*'(?P<name>[^;\s]*)", re.IGNORECASE
)
_QUOTED: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def claimed(disposition: bytes, plain: bytes) -> str:
    """Return a file's name out of its part's ``Content-Disposition``.

    ``plain`` is the header's option ``filename``, as the form's parser reads it.
    """
    name = _extended(disposition)
    if name is None:
        name = plain.decode("utf-8", "replace")
        for written, meant in _ESCAPES:
            name = name.replace(written, meant)
    return name[-LONGEST:]


def _extended(disposition: bytes) -> str | None:
    found = _EXTENDED.search(_QUOTED.sub(b"", disposition))
    if found is None:
        return None
    try:
        return unquote_to_bytes(found["name"]).decode(found["charset"].decode("ascii"))
    except UnicodeDecodeError:
        return None
