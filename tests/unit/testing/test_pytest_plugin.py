"""What a suite pays for the fixtures that it does not use: nothing."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = ("attrs", "cattrs", "requests", "sqlalchemy", "starlette")


def test_the_entry_point_is_the_plugin() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    name, _, module = setup["options.entry_points"]["pytest11"].strip().partition(" = ")

    assert name == "fulfillment"
    assert hasattr(import_module(module), "fulfillment_server")


def test_loading_it_loads_nothing_but_itself() -> None:
    source = (
        "import json, sys, pytest\n"
        "before = set(sys.modules)\n"
        "import fulfillment_sdk.testing.pytest_plugin\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    said = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True).stdout

    assert {name for name in json.loads(said) if name.startswith("fulfillment_sdk")} == {
        "fulfillment_sdk",
        "fulfillment_sdk._exports",
        "fulfillment_sdk._version",
        "fulfillment_sdk.testing",
        "fulfillment_sdk.testing.pytest_plugin",
    }
    assert not {name.partition(".")[0] for name in json.loads(said)} & set(HEAVY)


def test_a_suite_that_asks_for_none_starts_none(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_alone(request):\n"
        "    assert request.fixturenames == ['request']\n"
        "    assert 'fulfillment_sdk.server' not in sys.modules\n"
    )
    flags = ["-q", "-p", "no:cacheprovider", "-p", "fulfillment_sdk.testing.pytest_plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import fulfillment_sdk.testing

    with pytest.raises(AttributeError, match="has no attribute 'Server'"):
        fulfillment_sdk.testing.Server  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", import_module("fulfillment_sdk.testing").__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(import_module("fulfillment_sdk.testing"), name) is not None
