"""The page: A4, its fonts, its margins, what repeats on each, and texts put on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.line_break import Fragment

from fulfillment_sdk.server.portal.report.fonts import Cut, Fonts
from fulfillment_sdk.server.portal.report.lines import Ruler, broken, is_plain
from fulfillment_sdk.server.portal.report.text import right_to_left

Colour = tuple[int, int, int]

INK: Final[Colour] = (33, 37, 41)
MUTED: Final[Colour] = (98, 106, 116)
ACCENT: Final[Colour] = (27, 58, 99)
HAIRLINE: Final[Colour] = (219, 223, 228)
TINT: Final[Colour] = (243, 245, 248)

BODY: Final = 9.5
SMALL: Final = 8.0

MARGIN: Final = 20.0
TOP: Final = 24.0
BOTTOM: Final = 22.0

# What stands for the number of pages. No font has these letters, so in no text they are left.
_PAGES: Final = "\u0378\u0378"
_POINT: Final = 25.4 / 72
_LEADING: Final = 1.42


class Sheet(FPDF):
    """Pages on which texts are put line by line. Lengths are millimetres, font sizes points."""

    def __init__(self, reference_number: str, made_at: float, fonts: Fonts, folder: Path) -> None:
        super().__init__(format="A4")
        self._reference_number = reference_number
        self._fonts = fonts
        self._rulers = {bold: Ruler(fonts.of(bold=bold)) for bold in (False, True)}
        self.replaced = False
        self.set_title(f"Case report {reference_number}")
        self.set_lang("en")
        self.set_creation_date(datetime.fromtimestamp(made_at, UTC))
        self.set_margins(MARGIN, TOP, MARGIN)
        self.set_auto_page_break(False)
        self.c_margin = 0.0
        self.alias_nb_pages(_PAGES)
        for bold in (False, True):
            self._add_cuts(fonts.of(bold=bold), "B" if bold else "", folder)
        count = max(len(fonts.regular), len(fonts.bold))
        self.set_fallback_fonts([_family(number) for number in range(count)])
        self.add_page()

    def header(self) -> None:
        """Put the report's name above every page but the first."""
        if self.page_no() == 1:
            return
        self.set_y(12)
        self._repeated(f"Case report {self._reference_number}", "Confidential")
        self.set_y(18)
        self.rule()
        self.set_y(TOP)

    def footer(self) -> None:
        """Put the page's number below every page."""
        self.set_y(self.h - 16)
        self.rule()
        self.set_y(self.h - 14)
        # On the left: how wide the number of pages is, is not known yet.
        self._repeated(f"Page {self.page_no()} of {_PAGES}", self._reference_number)

    @property
    def bottom(self) -> float:
        """Where the last line of a page may end."""
        return self.h - BOTTOM

    def need(self, height: float) -> None:
        """Begin a new page unless ``height`` is left on this one."""
        if self.y + height > self.bottom:
            self.add_page()

    def spread(
        self, text: str, width: float, *, size: float, bold: bool = False
    ) -> list[tuple[str, bool]]:
        """Return ``text`` in lines of ``width``, each with whether its paragraph runs leftwards."""
        shown = self._fonts.shown(text)
        self.replaced = self.replaced or shown != text
        measure = self._rulers[bold].at(size * _POINT)
        return [
            (line, leftwards)
            for part in shown.split("\n")
            for leftwards in (right_to_left(part),)
            for line in broken(part, width, measure)
        ]

    def put(
        self,
        line: str,
        x: float,
        width: float,
        *,
        size: float,
        bold: bool = False,
        colour: Colour = INK,
        leftwards: bool = False,
        align: str = "",
    ) -> None:
        """Put one line at ``x`` and the present height; ``leftwards`` if its paragraph runs so."""
        plain = is_plain(line)
        # The font of the line's script also sets its blanks: one run instead of one for each word.
        font = 0 if plain else self._rulers[bold].prevailing(line)
        self.set_font(_family(font), "B" if bold else "", size)
        self.set_text_color(*colour)
        self.set_text_shaping(not plain, direction="rtl" if leftwards else "ltr")
        self.set_x(x)
        side = align or ("R" if leftwards else "L")
        self.cell(width, leading(size), line, align=side, new_x=XPos.LEFT, new_y=YPos.TOP)

    def paragraph(
        self,
        text: str,
        x: float,
        width: float,
        *,
        size: float,
        bold: bool = False,
        colour: Colour = INK,
    ) -> None:
        """Put ``text`` in lines from the present height on, over as many pages as it takes."""
        for line, leftwards in self.spread(text, width, size=size, bold=bold):
            self.need(leading(size))
            self.put(line, x, width, size=size, bold=bold, colour=colour, leftwards=leftwards)
            self.set_y(self.y + leading(size))

    def fitted(self, text: str, width: float, *, size: float) -> str:
        """Return ``text`` if it fits ``width``, else its beginning."""
        (first, _), *others = self.spread(text, width, size=size)
        return f"{first} …" if others else first

    def rule(self, colour: Colour = HAIRLINE, weight: float = 0.2) -> None:
        """Draw a line across the page at the present height."""
        self.set_draw_color(*colour)
        self.set_line_width(weight)
        self.line(self.l_margin, self.y, self.l_margin + self.epw, self.y)

    def note(self, text: str) -> None:
        """Put a remark of the report itself."""
        self.set_y(self.y + 1.5)
        self.paragraph(text, self.l_margin, self.epw, size=SMALL, colour=MUTED)
        self.set_y(self.y + 1)

    def _repeated(self, left: str, right: str) -> None:
        y = self.y
        self.put(left, self.l_margin, self.epw, size=SMALL, colour=MUTED)
        self.set_y(y)
        self.put(right, self.l_margin, self.epw, size=SMALL, colour=MUTED, align="R")

    def _add_cuts(self, cuts: Sequence[Cut], style: str, folder: Path) -> None:
        for number, cut in enumerate(cuts):
            name = _family(number)
            path = folder / f"{name}{style}.ttf"
            path.write_bytes(cut.data)
            self.add_font(name, style, path)

    def _parse_chars(
        self,
        text: str,
        markdown: bool,
        *,
        _initial_emphasis: tuple[bool, bool, bool, bool] | None = None,
    ) -> Iterator[Fragment]:
        """Keep together what one font sets; fpdf2 takes a letter's marks for a script of their own.

        Apart from its mark a letter joins nothing, and the mark stands beside it.
        """
        whole: Fragment | None = None
        for part in super()._parse_chars(text, markdown, _initial_emphasis=_initial_emphasis):
            if whole is None:
                whole = part
            elif type(whole) is type(part) is Fragment and whole.font is part.font:
                whole.characters.extend(part.characters)
            else:
                yield whole
                whole = part
        if whole is not None:
            yield whole


def _family(number: int) -> str:
    return f"script{number}"


def leading(size: float) -> float:
    """Return the height of a line of a font size."""
    return size * _POINT * _LEADING
