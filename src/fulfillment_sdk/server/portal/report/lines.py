"""Texts broken into lines, and how wide a text is.

fpdf2 breaks lines too, but measures the whole line anew at every letter, which with shaped text
takes seconds on a long report. Here a word is measured once.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import uharfbuzz

from fulfillment_sdk.server.portal.report.fonts import Cut
from fulfillment_sdk.server.portal.report.text import is_mark

Measure = Callable[[str], float]

_WORDS: Final = re.compile(r"[^ ]+")
# Letters that stand side by side as they are: no joining, no reordering, no marks.
_PLAIN: Final = re.compile("[ -\u02ff\u0370-\u0482\u048a-\u058f\u1e00-\u1fff\u2010-\u2bff\ufffd]*")
# Signs under which the next letter moves.
_VIRAMA: Final = 9
_JOINER: Final = "\u200d"


def is_plain(text: str) -> bool:
    """Say whether a text needs no shaping, and no sorting by direction."""
    return _PLAIN.fullmatch(text) is not None


def broken(text: str, width: float, measure: Measure) -> Iterator[str]:
    """Yield the lines of ``text``, none wider than ``width`` unless one letter is.

    Lines break at blanks, and inside a word that is wider than a line.
    """
    blank = measure(" ")
    for paragraph in text.split("\n"):
        line: list[str] = []
        used = 0.0
        for word in _WORDS.findall(paragraph):
            for piece, wide in _pieces(word, width, measure):
                if line and used + blank + wide > width:
                    yield " ".join(line)
                    line, used = [], 0.0
                used += wide + (blank if line else 0.0)
                line.append(piece)
        yield " ".join(line)


def _pieces(word: str, width: float, measure: Measure) -> Iterator[tuple[str, float]]:
    wide = measure(word)
    if wide <= width:
        yield word, wide
        return
    piece, used = "", 0.0
    for cluster in clusters(word):
        extent = measure(cluster)
        if piece and used + extent > width:
            yield piece, width
            piece, used = "", 0.0
        piece += cluster
        used += extent
    yield piece, used


def clusters(word: str) -> Iterator[str]:
    """Yield the parts of a word that no line may break: a letter and what belongs to it."""
    cluster = ""
    for letter in word:
        joined = cluster[-1:] == _JOINER or unicodedata.combining(cluster[-1:] or " ") == _VIRAMA
        if cluster and not is_mark(letter) and not joined:
            yield cluster
            cluster = ""
        cluster += letter
    yield cluster


class Ruler:
    """Measures texts in the fonts of one weight, for a size of 1; each word once."""

    def __init__(self, cuts: Sequence[Cut]) -> None:
        self._cuts = cuts
        self._known: dict[str, float] = {}
        self._home = {each: index for index, cut in enumerate(cuts) for each in cut.characters}

    def __call__(self, text: str) -> float:
        """Return how wide ``text`` is, in units of the font's size."""
        wide = self._known.get(text)
        if wide is None:
            wide = self._known[text] = sum(_extent(cut, run) for cut, run in self._runs(text))
        return wide

    def at(self, size: float) -> Measure:
        """Return what measures texts of a size, in that size's unit."""
        return lambda text: self(text) * size

    def prevailing(self, line: str) -> int:
        """Return which font has the most letters of a line."""
        homes = Counter(self._home.get(ord(letter), 0) for letter in line if letter != " ")
        return max(homes, key=lambda index: (homes[index], -index), default=0)

    def _runs(self, text: str) -> Iterator[tuple[Cut, str]]:
        runs = itertools.groupby(text, lambda letter: self._home.get(ord(letter), 0))
        for index, letters in runs:
            yield self._cuts[index], "".join(letters)


def _extent(cut: Cut, run: str) -> float:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(run)
    buffer.guess_segment_properties()
    plain = is_plain(run)
    uharfbuzz.shape(cut.font, buffer, {"kern": False, "liga": False} if plain else {})
    advance: float = sum(position.x_advance for position in buffer.glyph_positions)
    units: int = cut.font.face.upem
    return advance / units
