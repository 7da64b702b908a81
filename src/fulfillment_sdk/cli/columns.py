"""Tables of text: as wide as what is in them, and safe for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment_sdk.cli.places import plain


def columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> list[str]:
    """Return a line for each row, its cells one below the other; the last one as long as it is."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)][:-1]
    return [(indent + "  ".join([*map(str.ljust, row, widths), row[-1]])).rstrip() for row in cells]
