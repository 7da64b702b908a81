"""How much of what people wrote a report prints."""

from __future__ import annotations

from typing import Final

from fulfillment_sdk.server.portal.report.text import one_line, printable

VALUE_LENGTH: Final = 2_000
"""Characters of one value that are printed."""
LABEL_LENGTH: Final = 200
"""Characters of one label or title that are printed."""
CHARACTERS: Final = 100_000
"""Characters of all that people wrote that are printed; the completion has the rest."""

# What a line takes on the page however little stands in it, in characters: a thousand answers of
# one letter are as many lines as a thousand long ones.
_LINE: Final = 60


class Room:
    """Cuts texts to length, as long as there is room. It remembers whether it had to."""

    def __init__(self) -> None:
        self.left = CHARACTERS
        self.shortened = False

    def title(self, text: str) -> str:
        """Return a title, cut to length."""
        self.left = max(0, self.left - _LINE)
        return one_line(self._cut(text, LABEL_LENGTH))

    def take(self, label: str, value: str) -> tuple[str, str] | None:
        """Return a row cut to length, ``None`` where no room is left."""
        if not self.left:
            self.shortened = True
            return None
        shown = one_line(self._cut(label, LABEL_LENGTH))
        text = self._lines(printable(self._cut(value, VALUE_LENGTH)))
        lines = text.split("\n")
        used = max(len(shown) - _LINE, 0) + sum(max(len(line), _LINE) for line in lines)
        self.left = max(0, self.left - used)
        return shown, text

    def _lines(self, text: str) -> str:
        lines = text.split("\n")
        most = VALUE_LENGTH // _LINE
        if len(lines) <= most:
            return text
        self.shortened = True
        return "\n".join([*lines[:most], "…"])

    def _cut(self, text: str, length: int) -> str:
        if len(text) <= length:
            return text
        self.shortened = True
        return text[:length] + " …"
