"""`fulfillment sinks` shows kinds, and tells of each configured sink whether it works."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fulfillment_sdk.cli.group import command
from fulfillment_sdk.plugins.bundled.sql import SqlSettings
from fulfillment_sdk.plugins.settings.described import describe
from fulfillment_sdk.plugins.trial import trial
from tests.unit.cli.installing import Install, install

__all__ = ["install"]

MURAL = """
import attrs
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.relay import Delivered

@attrs.frozen
class Settings:
    '''What it may say.

    Args:
        wall: which one.
    '''
    wall: str = "north"

class Mural:
    '''Paints each event on a wall.'''
    def __init__(self, settings):
        pass
    def deliver(self, delivery):
        return Delivered("painted")

@hookimpl
def fulfillment_register_sinks(register):
    register("mural", Settings, Mural, reaches_people=True)
"""

SINKS = """
[sinks.audit]
kind = "jsonl"
path = "audit.jsonl"
disclosure = "full"
events = ["case.completed"]

[sinks.board]
kind = "jsonl"
path = "board.jsonl"
statuses = ["submitted"]

[sinks.rest]
kind = "log"
enabled = false
"""


SECRET = "whsec_" + "A" * 32


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "")
    return tmp_path


def write(folder: Path, content: str = SINKS) -> None:
    file = folder / "fulfillment.toml"
    file.write_text(content)
    file.chmod(0o600)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["sinks", *arguments])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["event"] for line in path.read_text().splitlines()]


def test_every_kind_is_there_with_its_settings_and_so_are_the_keys_of_all(
    install: Install,
) -> None:
    install("mural", MURAL)
    found = json.loads(run("list", "--json").stdout)
    kinds = {one["kind"]: one for one in found["kinds"]}
    assert kinds.keys() == {"chat", "email", "jsonl", "log", "mural", "sql", "webhook"}
    assert kinds["mural"]["about"] == "Paints each event on a wall."
    assert kinds["mural"]["reaches_people"] is True
    assert kinds["mural"]["settings"] == [
        {"key": "wall", "type": "text", "default": "north", "about": "which one."}
    ]
    keys = [one["key"] for one in kinds["sql"]["settings"]]
    assert keys == [one.key for one in describe(SqlSettings)]
    assert "disclosure" in [one["key"] for one in found["every"]]
    assert all(one["about"] for one in kinds.values())


def test_one_kind_alone_may_be_asked_for() -> None:
    said = run("list", "jsonl").stdout
    assert said.startswith("jsonl: A line of JSON for each event, in a file that turns over.\n")
    assert "    path          path" in said
    assert "whether an event counts as delivered only when the disk has it." in said
    assert "mail" not in said


def test_a_kind_that_there_isnt_is_named_with_the_nearest() -> None:
    ended = run("list", "jsnl")
    assert ended.exit_code == 1
    assert ended.stderr == ("Error: There is no kind of sink called jsnl\nDid you mean jsonl?\n")


def test_sinks_that_are_in_order_are_ready_and_get_nothing(here: Path) -> None:
    write(here)
    ended = run("check")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [line.split() for line in ended.stdout.splitlines()] == [
        ["audit", "jsonl", "ready"],
        ["board", "jsonl", "ready"],
        ["rest", "log", "ready"],
    ]
    assert (here / "audit.jsonl").read_text() == ""


def test_what_is_wrong_with_one_is_told_and_the_others_are_checked(here: Path) -> None:
    wrong = (
        '[sinks.db]\nkind = "sql"\nurl = {env = "NOT_THERE"}\n[sinks.x]\nkind = "jsonl"\npth = 1'
    )
    write(here, SINKS + wrong)
    ended = run("check")
    assert ended.exit_code == 1
    assert "audit  jsonl  ready" in ended.stdout
    assert "db     sql    can't be used: sinks.db.url: there is no environment" in ended.stdout
    assert "\n    Set NOT_THERE.\n" in ended.stdout
    assert "sinks.x has an unknown key, pth\n    Did you mean path?\n" in ended.stdout


def test_an_invented_event_goes_to_every_sink_as_far_as_its_table_discloses(here: Path) -> None:
    write(here)
    ended = run("test")
    assert ended.exit_code == 0, ended.output
    verdicts = [line.split()[2:4] for line in ended.stdout.splitlines()]
    assert verdicts == [["delivered", "in"], ["delivered", "in"], ["switched", "off"]]
    (audited,), (shown,) = lines(here / "audit.jsonl"), lines(here / "board.jsonl")
    assert audited["type"] == "case.completed"
    assert "Jane Smith" in json.dumps(audited)
    assert shown["data"]["new_status"] == "submitted"
    assert shown["data"]["reference_number"] == audited["data"]["reference_number"] == "TEST-000000"
    assert "message" not in shown["data"]


def test_one_sink_alone_may_be_tried_also_one_that_is_off(here: Path) -> None:
    write(here)
    found = json.loads(run("test", "rest", "--json").stdout)
    assert [(one["name"], one["verdict"]) for one in found] == [("rest", "delivered")]
    assert not (here / "audit.jsonl").exists()


def test_the_type_of_the_event_may_be_chosen_and_each_run_has_one_of_its_own(here: Path) -> None:
    write(here)
    for _ in range(2):
        assert run("test", "board", "--type", "case.completed").exit_code == 0
    first, second = lines(here / "board.jsonl")
    assert first["type"] == "case.completed"
    assert first["id"] != second["id"]


def test_one_that_it_does_not_reach_is_told(install: Install, here: Path) -> None:
    wet = MURAL.replace('Delivered("painted")', 'Retry("the paint is wet")')
    install("mural", wet.replace("import Delivered", "import Retry"))
    nowhere = here / "hush" / "cases.db"
    db = f'[sinks.db]\nkind = "sql"\nurl = "sqlite:///{nowhere}"\n'
    write(here, f'{SINKS}[sinks.wall]\nkind = "mural"\n{db}')
    ended = run("test")
    assert ended.exit_code == 1
    assert "wall   mural  not delivered, would be tried again: the paint is wet\n" in ended.stdout
    opening = "it does not open: OperationalError (SQLITE_CANTOPEN)"
    assert f"db     sql    can't be used: {opening}\n" in ended.stdout
    assert "audit  jsonl  delivered in " in ended.stdout
    assert "hush" not in ended.output


def test_a_sink_that_there_isnt_is_named_with_the_nearest(here: Path) -> None:
    write(here)
    ended = run("test", "adit")
    assert ended.exit_code == 1
    assert "called adit\nDid you mean audit?" in ended.stderr
    assert not (here / "audit.jsonl").exists()


@pytest.mark.parametrize("what", ["check", "test"])
def test_without_a_file_or_a_sink_it_says_what_to_do(what: str, here: Path) -> None:
    assert run(what).stderr.startswith("Error: There is no fulfillment.toml here\nName the")
    write(here, "port = 8000\n")
    ended = run(what)
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: fulfillment.toml has no sink\nWrite [sinks.NAME]")


def test_kinds_of_plugins_count_and_a_broken_plugin_is_named(install: Install, here: Path) -> None:
    install("mural", MURAL)
    install("broken", "raise RuntimeError('no licence')", version="0.3")
    write(here, '[sinks.wall]\nkind = "mural"\n')
    ended = run("test")
    assert ended.exit_code == 0
    assert "delivered in" in ended.stdout
    assert ": painted" in ended.stdout
    assert "Plugin broken 0.3 is left out: RuntimeError at " in ended.stdout
    assert "no licence" not in ended.output


def test_open_secrets_are_warned_of(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(here, f'[receiver]\ndata = "inbox"\nsecrets = "{SECRET}"\n' + SINKS)
    (here / "fulfillment.toml").chmod(0o644)
    assert run("check").exit_code == 0
    assert "every user of this machine may read them: receiver.secrets." in caplog.text
    assert SECRET not in caplog.text


BLOCKING = """
import threading
import attrs
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.relay import Delivered

freed = threading.Event()

@attrs.frozen
class Settings:
    making: bool = False

class Blocking:
    def __init__(self, settings):
        if settings.making:
            freed.wait(20)
    async def deliver(self, delivery):
        freed.wait(20)
        return Delivered()

@hookimpl
def fulfillment_register_sinks(register):
    register("blocking", Settings, Blocking)
"""


@pytest.mark.parametrize(("trying", "making"), [("check", "true"), ("test", "false")])
def test_one_that_blocks_whoever_calls_it_holds_up_no_other(
    trying: str, making: str, install: Install, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("blocking", BLOCKING)
    seconds = {"blocking": 0.5, "jsonl": 20.0}
    monkeypatch.setattr(trial, "longest", lambda table, **_how: seconds[table["kind"]])
    write(
        here,
        f"[sinks.stuck]\nkind = 'blocking'\nmaking = {making}\n"
        "[sinks.audit]\nkind = 'jsonl'\npath = 'audit.jsonl'\n",
    )
    try:
        ended = run(trying, "--json")
    finally:
        importlib.import_module(f"{here.name}_blocking".replace("-", "_")).freed.set()

    stuck, audit = json.loads(ended.stdout)
    assert (stuck["name"], stuck["verdict"]) == ("stuck", "wrong")
    assert stuck["words"] == "it blocks whoever calls it, for more than 0.5 s"
    assert audit["verdict"] in ("ready", "delivered")
    assert ended.exit_code == 1


@pytest.mark.parametrize("settings", ["int", "property(lambda self: 1 / 0)"])
def test_a_plugin_whose_settings_cannot_be_used_hides_no_sink(
    settings: str, install: Install, here: Path
) -> None:
    install(
        "odd",
        "from fulfillment_sdk.plugins import hookimpl\n"
        "class Odd:\n"
        "    name = 'odd'\n"
        f"    Settings = {settings}\n"
        "    @hookimpl\n"
        "    def fulfillment_status_changed(self, event): ...\n"
        "plugin = Odd()\n",
        value=":plugin",
    )
    write(here, "[plugins.odd]\nkey = 'hush'\n[sinks.rest]\nkind = 'log'\n")
    (here / "fulfillment.toml").chmod(0o644)

    ended = run("check")

    assert ended.stdout.startswith("rest       log  ready")
    assert ended.exit_code == 0
