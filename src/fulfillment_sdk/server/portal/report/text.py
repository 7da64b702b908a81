"""Text that a page can show: cut to length, and without what steers terminals and readers."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MARKS: Final = 8
"""Marks that may stand on one letter; more would be written over the lines above."""
JOINERS: Final = frozenset("\u200c\u200d")
"""What Persian and the scripts of India need between letters, and is not seen itself."""

# Controls but for the line's end, bidirectional overrides, what is not seen, variation selectors,
# lone surrogates, tags.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINE_END: Final = re.compile("\r\n?|[\u2028\u2029]")
_GAP: Final = re.compile("\n\\s*\n\\s*")
_SPACES: Final = re.compile(r"[^\S\n\u00a0]+")


def printable(text: str) -> str:
    """Return ``text`` composed, with one blank line at most in a row, and nothing hidden in it."""
    if text.isascii() and text.isprintable():
        return text.strip()
    plain = _HIDDEN.sub("", _LINE_END.sub("\n", text))
    spaced = _GAP.sub("\n\n", _SPACES.sub(" ", plain))
    return _few_marks(unicodedata.normalize("NFC", spaced)).strip()


def one_line(text: str) -> str:
    """Return ``text`` printable, on one line."""
    return printable(text).replace("\n", " ")


def is_mark(letter: str) -> bool:
    """Say whether a letter belongs to the one before it."""
    return letter in JOINERS or unicodedata.category(letter).startswith("M")


def right_to_left(text: str) -> bool:
    """Say whether a paragraph runs from right to left: as its first letter does."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


def _few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if is_mark(letter) else 0
        if marks <= MARKS:
            kept.append(letter)
    return "".join(kept)
