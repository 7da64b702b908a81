"""The fonts of one report: cut down to its letters before the page is set.

A font of a script has thousands of glyphs, a report a few hundred. HarfBuzz cuts one down in a
millisecond or two, and what fpdf2 then does in Python with what is left takes little.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs
import uharfbuzz

from fulfillment_sdk.server.portal.report.shelf import Face, opened
from fulfillment_sdk.server.portal.report.text import JOINERS

REPLACEMENT: Final = "\ufffd"
"""What stands for a letter that no font has."""

_WEIGHTS: Final = {False: 400.0, True: 700.0}
_ALWAYS: Final = frozenset(map(ord, " …›·“”\ufffd" + "".join(map(chr, range(33, 127)))))
_JOINERS: Final = frozenset(map(ord, JOINERS))
# Arabic's letters join, which they do inside one font alone.
_JOINED: Final = tuple(
    range(first, last + 1)
    for first, last in ((0x600, 0x6FF), (0x750, 0x77F), (0x870, 0x8FF), (0xFB50, 0xFDFF))
)


@attrs.frozen
class Cut:
    """A font in one weight with the letters that one report needs."""

    bold: bool
    data: bytes = attrs.field(repr=False)
    characters: frozenset[int] = attrs.field(repr=False)

    @functools.cached_property
    def font(self) -> uharfbuzz.Font:
        """The font for measuring."""
        return uharfbuzz.Font(uharfbuzz.Face(self.data))


@attrs.frozen
class Fonts:
    """The fonts of a report, the page's own first in each weight."""

    regular: Sequence[Cut]
    bold: Sequence[Cut]
    missing: frozenset[int] = attrs.field(repr=False)
    """What no font has a glyph for."""

    def of(self, *, bold: bool) -> Sequence[Cut]:
        """Return the fonts of one weight."""
        return self.bold if bold else self.regular

    def shown(self, text: str) -> str:
        """Return ``text`` with a mark in place of what no font has."""
        if self.missing.isdisjoint(map(ord, text)):
            return text
        return "".join(REPLACEMENT if ord(each) in self.missing else each for each in text)


def dress(faces: Sequence[Face], *, regular: Iterable[str], bold: Iterable[str]) -> Fonts:
    """Return fonts that have all letters of these texts, as far as ``faces`` have them."""
    light = _ALWAYS | {ord(letter) for text in regular for letter in text}
    heavy = _ALWAYS | {ord(letter) for text in bold for letter in text}
    shares, missing = shared(light | heavy, faces)
    return Fonts(
        regular=_cuts(faces, shares, light, bold=False),
        bold=_cuts(faces, shares, heavy, bold=True),
        missing=missing - {ord("\n")},
    )


def shared(
    needed: Collection[int], faces: Sequence[Face]
) -> tuple[Sequence[frozenset[int]], frozenset[int]]:
    """Return which letters each face gives, each the first that has it, and what none has.

    The letters of a script that joins come from one face, the first that has most of them. What
    joins letters is no letter: it comes from the faces of the letters it may stand between.
    """
    joiners = frozenset(needed) & _JOINERS
    joined = frozenset(each for each in needed if any(each in block for block in _JOINED))
    home = max(faces, key=lambda face: len(joined & face.characters), default=None)
    kept = joined & home.characters if home is not None else frozenset()
    left = frozenset(needed) - joiners
    shares: list[frozenset[int]] = []
    for face in faces:
        share = (left if face is home else left - kept) & face.characters
        left -= share
        if share and shares:
            share |= joiners & face.characters
        shares.append(share)
    lost = joiners - frozenset().union(*shares)
    return shares, left | lost


def _cuts(
    faces: Sequence[Face], shares: Sequence[frozenset[int]], needed: frozenset[int], *, bold: bool
) -> list[Cut]:
    return [
        Cut(bold, _cut(face, share & needed, bold=bold), share & needed)
        for face, share in zip(faces, shares, strict=True)
        if share & needed
    ]


def _cut(face: Face, characters: frozenset[int], *, bold: bool) -> bytes:
    source = opened(_file(face, bold=bold))
    wanted = uharfbuzz.SubsetInput()
    # HarfBuzz takes some vowels apart, and shows what is not seen as a blank without width.
    wanted.unicode_set.update(characters | _parts(characters) | {ord(" ")})
    wanted.flags = uharfbuzz.SubsetFlags.NO_HINTING | uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
    for axis in source.axis_infos:
        weight = _WEIGHTS[bold] if axis.tag == "wght" else axis.default_value
        wanted.pin_axis_location(source, axis.tag, weight)
    return bytes(uharfbuzz.subset(source, wanted).blob.data)


def _parts(characters: Iterable[int]) -> frozenset[int]:
    return frozenset(
        ord(part) for each in characters for part in unicodedata.normalize("NFD", chr(each))
    )


def _file(face: Face, *, bold: bool) -> Path:
    return face.bold if bold else face.regular
