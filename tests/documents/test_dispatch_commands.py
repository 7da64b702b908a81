"""What the relay's page says to run runs as it is written there."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fulfillment_sdk import Receiver
from tests.documents.reading import ROOT, blocks

PAGE = ROOT / "docs" / "relay.md"
COMMANDS = [
    line.removeprefix("$ ")
    for block in blocks(PAGE, "console")
    for line in block.source.splitlines()
    if line.startswith("$ fulfillment dispatch")
]
SECRET = "whsec_" + "A" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a reader who has written down what the other pages show."""
    sinks = "\n".join(block.source for block in blocks(ROOT / "docs" / "sinks.md", "python")[:2])
    (tmp_path / "my_package.py").write_text(f"{sinks}\nplugin = CounterPlugin()\n")
    (tmp_path / "my_application").mkdir()
    source = blocks(ROOT / "docs" / "receiver.md", "python")[0].source
    tracker = source[: source.index("receiver = Receiver(")]
    (tmp_path / "my_application" / "plugins.py").write_text(f"{tracker}\ntracker = Tracker()\n")
    Receiver([SECRET], tmp_path / "DATA", load_entry_points=False).relay.close()
    return tmp_path


def test_there_are_two_of_them() -> None:
    assert len(COMMANDS) == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_dispatches(command: str, folder: Path) -> None:
    program, *arguments = shlex.split(command)
    assert program == "fulfillment"
    with subprocess.Popen(
        [sys.executable, "-m", "fulfillment_sdk", *arguments],
        cwd=folder,
        env={**os.environ, "FULFILLMENT_DISABLE_PLUGINS": "", "FULFILLMENT_STORAGE_KEYS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        said = running.stdout.readline()
        running.terminate()
        _, errors = running.communicate(timeout=30)
    assert said.startswith("Dispatching to "), errors
    assert running.returncode == 0
