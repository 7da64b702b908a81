"""`fulfillment plugins list` shows every plugin, and what is wrong with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment_sdk.cli.group import command
from tests.unit.cli.installing import Install, install

__all__ = ["install"]

GOOD = """
from fulfillment_sdk.plugins import hookimpl

name = "good"

@hookimpl
def fulfillment_status_changed(event):
    pass

@hookimpl
def fulfillment_on_attempt(attempt):
    pass
"""
MISSPELT = GOOD.replace("on_attempt", "on_attemt").replace('"good"', '"misspelt"')
BROKEN = "raise RuntimeError('no licence')"
CLASHING = """
import attrs
from fulfillment_sdk.plugins import hookimpl

name = "clashing"

@attrs.frozen
class Settings:
    pass

@hookimpl
def fulfillment_register_sinks(register):
    register("log", Settings, Settings)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["plugins", "list", *arguments])


def told() -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in json.loads(run("--json").stdout)}


def test_each_is_there_with_its_version_and_its_hooks(install: Install) -> None:
    install("good_one", GOOD, version="2.5")
    ended = run()
    assert ended.exit_code == 0
    assert ended.stdout.split() == [
        *("good", "2.5", "works", "fulfillment_on_attempt,", "fulfillment_status_changed")
    ]


def test_a_broken_one_is_there_with_the_cause_and_the_rest_works(install: Install) -> None:
    install("good_one", GOOD)
    install("broken", BROKEN, version="0.3")
    install("misspelt", MISSPELT)
    install("clashing", CLASHING)
    found = told()
    assert found["good"]["state"] == "works"
    why = str(found["broken"].pop("why"))
    assert found["broken"] == {"name": "broken", "version": "0.3", "state": "left out"}
    assert why.startswith("RuntimeError at ")
    assert why.endswith("_broken.py:1")
    assert "unknown hook, fulfillment_on_attemt" in str(found["misspelt"]["why"])
    assert "both offer the sink kind log" in str(found["clashing"]["why"])


TWOFOLD = """
from fulfillment_sdk.plugins import hookimpl

name = "twofold"

@hookimpl
def fulfillment_status_changed(event):
    pass

@hookimpl
def fulfillment_register_commands(group):
    raise RuntimeError("no licence")
"""
SHADOW = """
import click
from fulfillment_sdk.plugins import hookimpl

name = "shadow"

@hookimpl
def fulfillment_register_commands(group):
    group.add_command(click.Command("serve"))
"""


def test_one_whose_commands_are_left_out_is_there_with_the_cause_and_what_works(
    install: Install,
) -> None:
    install("shadow", SHADOW)
    install("twofold", TWOFOLD)
    works, *left_out = json.loads(run("--json").stdout)
    assert (works["name"], works["hooks"]) == ("twofold", ["fulfillment_status_changed"])
    assert {one["state"] for one in left_out} == {"left out"}
    why = {one["name"]: one["why"] for one in left_out}
    assert why.pop("shadow") == "its commands: Its command serve is there already"
    assert why.pop("twofold").startswith("its commands: RuntimeError at ")
    assert why == {}


def test_commands_that_one_of_the_hosts_own_has_are_asked_for_by_nobody(here: Path) -> None:
    (here / "an_own_twofold.py").write_text(TWOFOLD)
    (here / "own.toml").write_text("[receiver]\nplugins = ['an_own_twofold']\n")
    [works] = json.loads(run("--json", "--config", "own.toml").stdout)
    assert works["state"] == "works"


def test_one_that_is_switched_off_is_there_and_says_by_what(
    install: Install, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("good_one", GOOD)
    install("broken", BROKEN)
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "broken")
    (here / "fulfillment.toml").write_text("[plugins.good]\nenabled = false\n")
    found = told()
    assert (found["broken"]["state"], found["good"]["state"]) == ("off", "off")
    assert found["broken"]["why"] == "by FULFILLMENT_DISABLE_PLUGINS"
    assert found["good"]["why"] == "by its configuration"
    assert run().stderr == ""


def test_a_name_that_switches_none_off_is_there_with_the_nearest(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("good_one", GOOD)
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "good-won")
    found = told()
    assert found["good"]["state"] == "works"
    assert found["good-won"] == {
        "name": "good-won",
        "version": None,
        "state": "unknown",
        "why": "in FULFILLMENT_DISABLE_PLUGINS, and no plugin is called so. Did you mean good_one?",
    }
    assert "good-won" in run().stdout


def test_an_installed_one_that_the_settings_leave_out_may_be_switched_off(
    install: Install, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("good_one", GOOD)
    (here / "fulfillment.toml").write_text("[receiver]\ninstalled_plugins = false\n")
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "good_one")
    assert run().stdout == "No plugin is installed, and none is named\n"


def test_those_that_the_settings_name_are_there_too(here: Path) -> None:
    (here / "a_tracker.py").write_text(GOOD)
    (here / "own.toml").write_text("[receiver]\nplugins = ['a_tracker', 'nowhere:x']\n")
    found = {one["name"]: one for one in json.loads(run("--json", "--config", "own.toml").stdout)}
    assert found["good"]["state"] == "works"
    assert found["nowhere:x"]["why"].startswith("The plugin nowhere:x can't be loaded")


def test_installed_ones_are_not_where_the_settings_leave_them_out(
    install: Install, here: Path
) -> None:
    install("good_one", GOOD)
    (here / "fulfillment.toml").write_text("[receiver]\ninstalled_plugins = false\n")
    assert run().stdout == "No plugin is installed, and none is named\n"


def test_a_table_that_cant_be_used_is_told_behind_the_list(install: Install, here: Path) -> None:
    install("good_one", GOOD)
    (here / "fulfillment.toml").write_text("[plugins.god]\nenabled = false\n")
    ended = run()
    assert ended.exit_code == 1
    assert ended.stdout.startswith("good  1.0  works")
    assert ended.stderr.startswith(
        "Error: plugins.god: there is no such plugin\nDid you mean good?"
    )


def test_it_works_without_what_a_receiver_needs(install: Install, here: Path) -> None:
    install("good_one", GOOD)
    script = (
        "import sys; sys.modules.update(dict.fromkeys(['sqlalchemy', 'cryptography']))\n"
        "from fulfillment_sdk.cli import main\n"
        "main(['plugins', 'list'])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environ
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("good  1.0  works")
