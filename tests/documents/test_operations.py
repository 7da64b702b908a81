"""What the page about operations says to run and to watch is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from prometheus_client import generate_latest

from fulfillment_sdk.cli.group import COMMANDS, command
from fulfillment_sdk.server.backup import last
from fulfillment_sdk.server.observability.host_metrics import HostMetrics
from fulfillment_sdk.server.observability.metrics import Metrics
from tests.documents.reading import ROOT, blocks

PAGE = ROOT / "docs" / "operations.md"
ELSEWHERE = {"demo", "dispatch", "plugins", "sinks"}
"""Commands that are not an operator's of a server: other pages have them."""
LINES = sorted(
    {
        line.removeprefix("$ fulfillment ")
        for page in (PAGE, ROOT / "docs" / "server.md")
        for block in blocks(page, "console")
        for line in block.source.splitlines()
        if line.startswith("$ fulfillment ")
    }
)


def test_backups_organizations_and_tokens_are_among_them() -> None:
    assert {line.partition(" ")[0] for line in LINES} == COMMANDS.keys() - ELSEWHERE


@pytest.mark.parametrize("line", LINES)
def test_a_command_takes_what_the_page_gives_it(line: str) -> None:
    rest = shlex.split(line.partition(" < ")[0])
    found: click.Command | None = command
    while isinstance(found, click.Group):
        name, *rest = rest
        found = found.get_command(click.Context(found), name)
    assert found is not None
    assert found.make_context(line, rest).params


def test_every_figure_that_is_to_be_watched_is_told(tmp_path: Path) -> None:
    last.note(tmp_path, 1.0)
    told = generate_latest(Metrics(dict, HostMetrics(tmp_path, tuple)).registry).decode()
    named = set(re.findall(r"\b(?:fulfillment|process)_[a-z_]+[a-z]\b", PAGE.read_text("utf-8")))
    named -= {"fulfillment_sdk"}
    assert len(named) > 10
    assert sorted(name for name in named if f"# TYPE {name} " not in told) == []
