"""What the demo shows: lines of at most 80 columns, plain text where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fulfillment_sdk.cli.demo.arrivals import Arrival
from fulfillment_sdk.models import CaseCompleted

WIDTH = 80
_INDENT = 4


class Screen:
    """Writes the demo's progress as it happens, to standard output or another stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        stream = stream or sys.stdout
        # Not left to rich: a variable such as FORCE_COLOR would colour a file.
        terminal = stream.isatty()
        self._console = Console(
            file=stream,
            force_terminal=terminal,
            width=None if terminal else WIDTH,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=False,
        )
        self._console.width = min(WIDTH, self._console.width)
        self._steps = 0

    def title(self, text: str) -> None:
        """Show what this is."""
        self._console.print(Text(text, style="bold"))

    def step(self, text: str, *details: str) -> None:
        """Show that a step was taken, with what came of it."""
        self._steps += 1
        self._console.print()
        self._console.print(Text.assemble((f"{self._steps:>2}  ", "dim"), (text, "bold")))
        self.details(*details)

    def details(self, *lines: str) -> None:
        """Show lines that belong to the step before."""
        for line in lines:
            self._console.print(
                Padding(Text(line, overflow="fold"), (0, 0, 0, _INDENT), expand=False)
            )

    def arrival(self, arrival: Arrival) -> None:
        """Show a notification that reached the plugin."""
        event, width = arrival.event, self._console.width - _INDENT
        line = Text.assemble(("plugin got ", "green"), (arrival.name, "bold green"))
        right = f"{arrival.milliseconds:.0f} ms"
        line.append(" " * max(1, width - len(line) - len(right)) + right, style="dim")
        self._console.print(Padding(line, (0, 0, 0, _INDENT), expand=False))
        self.details(f"  {event.message}")

    def completion(self, event: CaseCompleted) -> None:
        """Show what a completion holds, without what people wrote in it."""
        forms = event.form_submissions
        review = event.qc_review
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for form in forms:
            said = f"{len(form.data)} answers, {len(form.files)} files, {form.status}"
            table.add_row("form submission", f"{form.form_name}: {said}")
        if review is not None:
            table.add_row("review", f"{review.result}, {len(event.qc_reviews)} in all")
        if event.case is not None:
            table.add_row("timeline", f"{len(event.case.timeline)} entries")
            table.add_row("request", f"{len(event.case.request)} fields, as created")
        table.add_row("outcome", str(event.outcome))
        table.add_row("report URL", str(event.report_url))
        self._console.print(Padding(table, (0, 0, 0, _INDENT + 2), expand=False))

    def summary(self, arrivals: Sequence[Arrival], faults: Sequence[str], seconds: float) -> None:
        """Show all notifications in a table, and the verdict."""
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("#", justify="right", style="dim")
        table.add_column("arrived", no_wrap=True, style="green")
        table.add_column("message")
        table.add_column("ms *", justify="right")
        for arrival in arrivals:
            sequence = arrival.event.sequence
            table.add_row(
                "-" if sequence is None else str(sequence),
                arrival.name,
                arrival.event.message,
                f"{arrival.milliseconds:.0f}",
            )
        self._console.print()
        self._console.print(table)
        self._console.print(Text("* since the change in the portal", style="dim"))
        self._console.print()
        if faults:
            self._console.print(Text(f"Failed after {seconds:.1f} s:", style="bold red"))
            self.details(*faults)
        else:
            verdict = "All five updates and the completion arrived, once each, in order."
            self._console.print(Text(verdict, style="bold green"))
            self._console.print(Text(f"Took {seconds:.1f} s.", style="dim"))
