"""The tests that the documentation shows pass, run by pytest as a partner would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from fulfillment_sdk.testing import PATHS, Faults, pytest_plugin
from tests.documents.reading import ROOT, blocks

DOCS = ROOT / "docs"
PAGE = (DOCS / "testing.md").read_text("utf-8")
PATHS_SECTION = PAGE[PAGE.index("## Paths") : PAGE.index("## When the line breaks")]
PLUGIN = ("-p", "fulfillment_sdk.testing.pytest_plugin")


def run_pytest(folder: Path, *flags: str) -> tuple[int, str]:
    """Run the tests in a folder, with no plugin but those named; return how many passed."""
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    source = str(ROOT / "src")
    environ["PYTHONPATH"] = os.pathsep.join([source, environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *flags],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None, done.stdout
    return int(found[1]), done.stdout


def test_a_partner_s_tests_pass_as_the_page_shows_them(tmp_path: Path) -> None:
    files = {
        block.source.partition("\n")[0].removeprefix("# "): block.source
        for block in blocks(DOCS / "testing.md", "py")
    }
    for name, source in files.items():
        (tmp_path / name).write_text(source, encoding="utf-8")

    passed, said = run_pytest(tmp_path, *PLUGIN)

    written = sum(source.count("\ndef test_") for source in files.values())
    assert passed == written + 4, said  # one of them is run with five faults


def test_the_documented_sink_passes_the_contract_as_the_page_puts_it_there(tmp_path: Path) -> None:
    shown = [block.source for block in blocks(DOCS / "sinks.md", "python")]
    (contract,) = [source for source in shown if "SinkContract" in source]
    (sink,) = [source for source in shown if "class CounterSink" in source]
    head = "from fulfillment_sdk import hookimpl\n"
    (tmp_path / "test_counter.py").write_text(head + sink + contract, encoding="utf-8")

    passed, _ = run_pytest(tmp_path)

    assert passed == 20


def test_every_path_is_on_the_page() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PATHS_SECTION, re.MULTILINE))

    assert set(rows) == set(PATHS)
    for name, row in rows.items():
        shown = re.findall(r"`(\w+)`", row)
        assert list(PATHS[name][-len(shown) :]) == shown, name
        assert row.startswith("…") or PATHS[name] == ("new", *shown), name


def test_every_fixture_and_every_fault_is_on_the_page() -> None:
    fixtures = {
        name
        for name, value in vars(pytest_plugin).items()
        if type(value).__name__ == "FixtureFunctionDefinition" and not name.startswith("_")
    }
    faults = {name for name in vars(Faults) if not name.startswith("_")}

    shown = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert fixtures <= shown
    assert faults - {"clear", "next_for", "only_secret", "still_to_come"} == set(
        re.findall(r"^\| `faults\.(\w+)\(", PAGE, re.MULTILINE)
    )
