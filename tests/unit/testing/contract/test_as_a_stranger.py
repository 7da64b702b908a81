"""What a stranger sees of the contract: sentences, and no traceback of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]

SOURCE = """
import pytest
from fulfillment_sdk.relay import Delivered
from fulfillment_sdk.testing import SinkContract

TOLD = []


class Sink:
    async def open(self):
        self.told = set()

    async def deliver(self, delivery):
        if delivery.id not in self.told:
            TOLD.append(delivery.id)
        self.told.add(delivery.id)
        return Delivered()


class TestSink(SinkContract):
    async def make_sink(self):
        return Sink()

    async def peer_received(self):
        return TOLD
"""


def test_a_sink_that_forgets_is_told_by_the_one_test_that_it_fails(tmp_path: Path) -> None:
    (tmp_path / "test_sink.py").write_text(SOURCE)
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "-W", "error", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
    )

    said = done.stdout
    assert "1 failed, 17 passed, 2 skipped" in said, said + done.stderr
    (failed,) = [line for line in said.splitlines() if line.startswith("FAILED")]
    assert "TestSink::test_what_is_delivered_a_second_time_does_no_harm" in failed
    assert "\nThe peer has evt_" in said
    assert " 2 times.\n" in said
    assert "set once = False." in said
    assert "Traceback" not in said
    assert "sink_contract.py:" not in said.partition("short test summary")[0]
    assert "peer_away() says that this peer can't be away" in said
