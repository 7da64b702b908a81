"""Names of files as they may be shown and written to a disk, whatever was claimed. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from fulfillment_sdk.server.portal.files.kinds import Kind

LONGEST: Final = 150
"""The longest name, in characters."""
_LONGEST_BYTES: Final = 240

_SEPARATORS: Final = re.compile(r"[/\\]")
_RESERVED: Final = re.compile(r'[:*?"<>|%]')
_SPACES: Final = re.compile(r"\s+")
# Devices of Windows, with or without an ending.
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_NOT_ASCII: Final = re.compile(r"[^A-Za-z0-9._ ()+,=@-]", re.ASCII)


def safe(claimed: str, kind: Kind) -> str:
    """Return a name for a file of ``kind``, as near to the ``claimed`` one as is safe.

    No path, no control or formatting character (so nothing that turns the direction of writing),
    no character that a file system keeps for itself, at most ``LONGEST`` characters; and an ending
    that belongs to the content.
    """
    name = _last_part(claimed)
    name = "".join(
        " " if _is_space(each) else "_" if each == "\ufffd" else each
        for each in unicodedata.normalize("NFC", name)
        if _is_space(each) or not unicodedata.category(each).startswith("C")
    )
    name = _RESERVED.sub("_", _SPACES.sub(" ", name)).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot or ending.lower() not in kind.endings:
        stem, ending = name, kind.endings[0]
    stem = _cut(stem.rstrip(". ") or "file", len(ending) + 1)
    if _DEVICE.match(stem):
        stem = "_" + stem[: LONGEST - len(ending) - 2]
    return f"{stem}.{ending.lower()}"


def disposition(name: str) -> str:
    """Return the ``Content-Disposition`` of a download under a safe name (RFC 6266).

    Both forms: plain ASCII for those who know no other, and the name itself.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return (
        f'attachment; filename="{_NOT_ASCII.sub("_", bare)[:LONGEST]}"; '
        f"filename*=UTF-8''{quote(name, safe='')}"
    )


def _last_part(claimed: str) -> str:
    parts = [part for part in _SEPARATORS.split(claimed[-4096:]) if part.strip(". ")]
    return parts[-1] if parts else ""


def _is_space(character: str) -> bool:
    return character in "\t\n\r" or unicodedata.category(character).startswith("Z")


def _cut(stem: str, beside: int) -> str:
    """Cut to what fits with so many characters beside it, without splitting a character."""
    stem = stem[: LONGEST - beside]
    return stem.encode("utf-8")[: _LONGEST_BYTES - beside].decode("utf-8", "ignore").rstrip(". ")
