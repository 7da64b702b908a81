"""What a benchmark found: tables, aims and remarks, printed and written as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import attrs

Cell = str | int | float | None
_BEGIN = time.monotonic()


@attrs.frozen
class Table:
    """Rows of figures under one heading; None is a figure that a contender does not have."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def text(self) -> str:
        """Lay the table out: names to the left, figures to the right."""
        cells = [self.columns, *([_show(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[at]) for row in cells) for at in range(len(self.columns))]
        lines = []
        for row in cells:
            first, *others = (
                text.ljust(width) if at == 0 else text.rjust(width)
                for at, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            lines.append("  ".join([first, *others]).rstrip())
        lines.insert(1, "-" * len(max(lines, key=len)))
        return "\n".join([self.heading, *(f"  {line}" for line in lines)])


@attrs.frozen
class Aim:
    """A figure that was hoped for, and the one that came out."""

    what: str
    sense: Literal["at least", "at most"]
    wanted: float
    found: float | None

    @property
    def is_met(self) -> bool:
        """Whether the figure is as good as hoped; what was not measured is not met."""
        if self.found is None:
            return False
        return self.found >= self.wanted if self.sense == "at least" else self.found <= self.wanted

    def text(self) -> str:
        """Say the figure and the aim in one line."""
        verdict = "not measured" if self.found is None else "met" if self.is_met else "NOT MET"
        return (
            f"  {self.what}: {_show(self.found)} (aim: {self.sense} {_show(self.wanted)}) {verdict}"
        )


@attrs.define
class Result:
    """All that one benchmark found.

    `failures` are checks that did not hold (an answer that was no 2xx, an event that is missing):
    no figure counts beside one.
    """

    name: str
    title: str
    tables: list[Table] = attrs.field(factory=list)
    aims: list[Aim] = attrs.field(factory=list)
    remarks: list[str] = attrs.field(factory=list)
    failures: list[str] = attrs.field(factory=list)

    def text(self) -> str:
        """Lay everything out for a terminal."""
        parts = [f"== {self.name}: {self.title}", *(table.text() for table in self.tables)]
        if self.aims:
            parts.append("\n".join(["Aims", *(aim.text() for aim in self.aims)]))
        parts += [f"Note: {remark}" for remark in self.remarks]
        parts += [f"CHECK FAILED: {failure}" for failure in self.failures]
        return "\n\n".join(parts)


def write_json(
    path: Path, machine: Mapping[str, object], results: Sequence[Result], *, short: bool
) -> None:
    """Write the run to a file, in place of what it held."""
    run = {
        "short": short,
        "machine": machine,
        "benchmarks": [
            {**attrs.asdict(result), "aims": [_aim(aim) for aim in result.aims]}
            for result in results
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run, indent=1) + "\n")


def say(text: str) -> None:
    """Show progress, on the error stream, with the seconds since the start."""
    print(f"[{time.monotonic() - _BEGIN:6.1f} s] {text}", file=sys.stderr, flush=True)


def ratio(figure: float | None, beside: float | None) -> float | None:
    """Divide two figures; None where one of them was not measured."""
    return figure / beside if figure is not None and beside else None


def _aim(aim: Aim) -> dict[str, object]:
    return {**attrs.asdict(aim), "met": aim.is_met}


def _show(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell
