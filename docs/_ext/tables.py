"""Tables of one-line cells, for the directives beside this file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docutils import nodes

Cells = Sequence[nodes.Node]


def table(headings: Sequence[str], widths: Sequence[int], rows: Iterable[Cells]) -> nodes.table:
    """Return a table with a head of `headings`, columns of relative `widths`, and `rows`."""
    group = nodes.tgroup(cols=len(headings))
    group += [nodes.colspec(colwidth=width) for width in widths]
    head, body = nodes.thead(), nodes.tbody()
    head += row([nodes.Text(heading) for heading in headings])
    body += [row(cells) for cells in rows]
    group += [head, body]
    made = nodes.table(classes=["compact"])
    made += group
    return made


def row(cells: Cells) -> nodes.row:
    """Return one row of a table."""
    made = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += nodes.paragraph("", "", cell)
        made += entry
    return made


def code(text: str) -> nodes.literal:
    """Return `text` in code type."""
    return nodes.literal(text=text)
