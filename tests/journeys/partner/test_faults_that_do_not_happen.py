"""A fault that no notification comes to fails the test that asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

_TESTS = """
def test_that_never_gets_there(make_case, drive, received, faults):
    faults.drop(at="qc_rework")
    faults.bad_signature(at="completed")
    case = make_case()
    drive(case, "cancelled")
    received.wait_for(case, "cancelled")

def test_that_takes_it_back(make_case, received, faults):
    faults.reorder(at="qc_rework")
    faults.clear()
    received.wait_for(make_case(), "new")

def test_that_meets_one_of_three(make_case, received, faults):
    faults.drop(times=3, at="new")
    received.wait_for(make_case(), "new")
"""


def test_a_fault_that_nothing_came_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(_TESTS)
    flags = ["-q", "-p", "no:cacheprovider", "-p", "fulfillment_sdk.testing.pytest_plugin"]
    path = os.pathsep.join(one for one in sys.path if one)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )

    assert "3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "drop(at='qc_rework'), bad_signature(at='completed')" in done.stdout
    assert "ERROR test_it.py::test_that_never_gets_there" in done.stdout
