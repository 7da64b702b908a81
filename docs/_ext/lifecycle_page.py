"""Directives `lifecycle-diagram` and `lifecycle-table`, drawn from the one table of legal steps.

A status that the table gains has no place in `PLACES` yet, and the build says so.
"""

from __future__ import annotations

from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from tables import code, table

from fulfillment_sdk.lifecycle import FINAL, TRANSITIONS, Transition

PLACES = {
    "new": (1, 0),
    "allocated": (1, 1),
    "pending_allocation": (0, 1),
    "in_progress": (1, 2),
    "submitted": (1, 3),
    "qc_rework": (0, 3),
    "qc_rejected": (0, 4),
    "qc_passed": (1, 4),
    "reported": (1, 5),
    "in_payment_cycle": (1, 6),
    "payment_complete": (1, 7),
    "cancelled": (2, 1),
}
AROUND = {("qc_rejected", "pending_allocation")}
CANCELLED = "cancelled"

COLUMN, ROW = 230, 82
WIDTH, HEIGHT = 156, 36
LEFT, TOP = 130, 30


def centre(status: str) -> tuple[float, float]:
    """Return the middle of a status's box."""
    if status not in PLACES:
        message = f"docs/_ext/lifecycle_page.py: give the status {status!r} a place in PLACES"
        raise ExtensionError(message)
    column, row = PLACES[status]
    return LEFT + column * COLUMN, TOP + row * ROW


def border(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Return where the line from `start` to `end` leaves the box around `start`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    scale = min(
        WIDTH / 2 / abs(dx) if dx else float("inf"), HEIGHT / 2 / abs(dy) if dy else float("inf")
    )
    return start[0] + dx * scale, start[1] + dy * scale


def arrow(step: Transition, *, both_ways: bool) -> str:
    """Draw one step: an arrow with the step's number."""
    start, end = centre(str(step.previous)), centre(str(step.new))
    if (str(step.previous), str(step.new)) in AROUND:
        x, middle = LEFT - WIDTH / 2, (start[1] + end[1]) / 2
        path = f"M{x} {start[1]} C{x - 55} {start[1]} {x - 55} {end[1]} {x - 4} {end[1]}"
        return line(path, step.number, x - 42, middle)
    aside = 9 if both_ways else 0
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    across = (-(end[1] - start[1]) / length * aside, (end[0] - start[0]) / length * aside)
    first, last = border(start, end), border(end, start)
    first = (first[0] + across[0], first[1] + across[1])
    last = (last[0] + across[0], last[1] + across[1])
    path = f"M{first[0]:.1f} {first[1]:.1f} L{last[0]:.1f} {last[1]:.1f}"
    return line(path, step.number, (first[0] + last[0]) / 2, (first[1] + last[1]) / 2)


def line(path: str, number: int, x: float, y: float) -> str:
    """Return an arrow along `path` with its number at `x`, `y`."""
    return (
        f'<path class="step" d="{path}" marker-end="url(#head)"/>'
        f'<text class="number" x="{x:.1f}" y="{y + 4:.1f}">{number}</text>'
    )


def box(name: str, cancels: int | None) -> str:
    """Draw one status; a small cross with the step's number says that it can be cancelled."""
    x, y = centre(name)
    kind = "final" if name in {str(final) for final in FINAL} else "status"
    drawn = (
        f'<rect class="{kind}" x="{x - WIDTH / 2}" y="{y - HEIGHT / 2}" '
        f'width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
        f'<text class="name" x="{x}" y="{y + 4}">{escape(name)}</text>'
    )
    if cancels is not None:
        outside = -1 if PLACES[name][0] == 0 else 1
        corner = f'x="{x + outside * (WIDTH / 2 - 14)}" y="{y - HEIGHT / 2 - 3}"'
        drawn += f'<text class="cross" {corner}>×{cancels}</text>'
    return drawn


def diagram() -> str:
    """Return the whole diagram as one SVG element."""
    pairs = {(str(step.previous), str(step.new)) for step in TRANSITIONS}
    cancels = {str(step.previous): step.number for step in TRANSITIONS if step.new == CANCELLED}
    statuses = [str(step.new) for step in TRANSITIONS]
    arrows = [
        arrow(step, both_ways=(str(step.new), str(step.previous)) in pairs)
        for step in TRANSITIONS
        if step.previous is not None and step.new != CANCELLED
    ]
    boxes = [box(name, cancels.get(name)) for name in dict.fromkeys(statuses)]
    width, height = LEFT + 2 * COLUMN + WIDTH / 2 + 10, TOP + 7 * ROW + HEIGHT
    return (
        f'<svg class="lifecycle" role="img" aria-label="The lifecycle of a case" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg">'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
        f"{''.join(arrows)}{''.join(boxes)}</svg>"
    )


class LifecycleDiagram(SphinxDirective):
    """`lifecycle-diagram`: the statuses and the steps between them."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", diagram(), format="html")]


class LifecycleTable(SphinxDirective):
    """`lifecycle-table`: every legal step with its actors and their reasons."""

    def run(self) -> list[nodes.Node]:
        rows = [
            (
                nodes.Text(str(step.number)),
                status(step.previous),
                status(step.new),
                nodes.Text("; ".join(f"{actor}: {reason}" for actor, reason in step.reasons)),
            )
            for step in TRANSITIONS
        ]
        return [table(("#", "From", "To", "Actor: reason"), (1, 4, 4, 12), rows)]


def status(name: str | None) -> nodes.Node:
    """Return a status in code type, and a dash for the step that has none before it."""
    return nodes.Text("–") if name is None else code(name)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("lifecycle-diagram", LifecycleDiagram)
    app.add_directive("lifecycle-table", LifecycleTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
