"""The page about the configuration shows a file that works, and says all that may stand in it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import attrs
import click
import pytest

from fulfillment_sdk import Receiver
from fulfillment_sdk.cli.group import command
from fulfillment_sdk.receiver.from_file import ReceiverSettings
from tests.documents.reading import ROOT, blocks

PAGE = ROOT / "docs" / "configuration.md"
TEXT = PAGE.read_text("utf-8")
(SHOWN,) = blocks(PAGE, "toml")
LINES = [
    line.removeprefix("$ fulfillment ")
    for block in blocks(PAGE, "console")
    for line in block.source.splitlines()
    if line.startswith("$ fulfillment ")
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a reader who has written down what the page shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("FULFILLMENT_WEBHOOK_SECRET", "whsec_" + "A" * 32)
    (tmp_path / "smtp-password").write_text("hush\n")
    shown = SHOWN.source.replace("/run/secrets/smtp-password", "smtp-password")
    (tmp_path / "fulfillment.toml").write_text(shown)
    source = blocks(PAGE, "python")[0].source
    plugin = source[: source.index("receiver = Receiver")]
    (tmp_path / "my_application").mkdir()
    (tmp_path / "my_application" / "plugins.py").write_text(f"{plugin}\ntracker = Tracker()\n")
    return tmp_path


def test_the_file_that_it_shows_makes_a_receiver(folder: Path) -> None:
    receiver = Receiver.from_config()
    assert receiver.destinations == ("tracker", "audit", "desk")


def test_its_table_has_every_key_of_the_receiver() -> None:
    section = TEXT.partition("## `[receiver]`\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert set(told) == {field.name for field in attrs.fields(ReceiverSettings)}


@pytest.mark.parametrize("line", LINES)
def test_a_command_takes_what_the_page_gives_it(line: str) -> None:
    rest = shlex.split(line)
    found: click.Command | None = command
    while isinstance(found, click.Group):
        name, *rest = rest
        found = found.get_command(click.Context(found), name)
    assert found is not None
    assert found.make_context(line, rest).params


def test_all_four_commands_are_among_them() -> None:
    assert {" ".join(line.split()[:2]) for line in LINES} == {
        "plugins list",
        "sinks list",
        "sinks check",
        "sinks test",
    }
