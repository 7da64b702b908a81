"""Words that must not be found where they have no business, and where each was said."""

from __future__ import annotations

import re

import attrs


@attrs.define
class Telltales:
    """Makes words that occur nowhere else, and keeps what else must stay unsaid."""

    _kept: dict[str, str] = attrs.field(factory=dict, repr=False)

    def word(self, what: str) -> str:
        """Return a word for `what`, an ASCII one that would survive most kinds of mangling."""
        return self.keep(what, f"Zqx{len(self._kept):03}{what.replace(' ', '').capitalize()}Vkj")

    def keep(self, what: str, said: str) -> str:
        """Note that `said` must not be found; returns it."""
        assert len(said) >= 6, what
        self._kept[what] = said
        return said

    def found_in(self, text: str) -> list[str]:
        """Return what is found in a text, by its name: a failure must not show the rest."""
        folded = text.casefold()
        return [what for what, said in self._kept.items() if _stands_in(said.casefold(), folded)]

    def __len__(self) -> int:
        return len(self._kept)


def _stands_in(said: str, text: str) -> bool:
    # Six digits may well be a part of a longer number.
    if said.isdigit():
        return re.search(rf"(?<![0-9a-f.]){said}(?![0-9a-f])", text) is not None
    return said in text
