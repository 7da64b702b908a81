"""`fulfillment sinks check` looks at all that is a receiver's in its file, as a receiver does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment_sdk.cli.group import command
from fulfillment_sdk.plugins import hookimpl
from tests.unit.cli.installing import Install, install

__all__ = ["install"]

SECRET = "whsec_" + "A" * 32
RECEIVER = f"[receiver]\ndata = 'inbox'\nsecrets = '{SECRET}'\n"
AUDIT = "[sinks.audit]\nkind = 'log'\n"
PAINTER = """
import attrs
from fulfillment_sdk.plugins import hookimpl

@attrs.frozen
class Settings:
    colour: str

@hookimpl
def fulfillment_status_changed(event): ...
"""


class Audit:
    name = "audit"

    @hookimpl
    def fulfillment_status_changed(self, event: object) -> None: ...


AUDIT_PLUGIN = Audit()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("DISABLE_PLUGINS", "WEBHOOK_SECRET", "BASE_URL", "STORAGE_KEYS"):
        monkeypatch.delenv(f"FULFILLMENT_{name}", raising=False)
    return tmp_path


def check(folder: Path, content: str, *arguments: str) -> Result:
    file = folder / "fulfillment.toml"
    file.write_text(content)
    file.chmod(0o600)
    return CliRunner().invoke(command, ["sinks", "check", *arguments])


def test_a_file_that_is_in_order_is_told_to_be(install: Install, here: Path) -> None:
    install("painter", PAINTER)
    ended = check(here, f"{RECEIVER}{AUDIT}[plugins.painter]\ncolour = 'blue'\n")
    assert [line.split() for line in ended.stdout.splitlines()] == [
        ["audit", "log", "ready"],
        ["[receiver]", "ready"],
        ["[plugins]", "ready"],
    ]
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert not (here / "inbox").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("data = ''", "The receiver's data names no place"),
        ("data = 'i'\nwindw = 3", "receiver has an unknown key, windw"),
        ("data = 'i'\nwindow = -1", "number of seconds"),
        ("data = 'i'\nretry = [-1]", "receiver.retry: "),
        ("data = 'i'\nretention = 0", "A retention of 0"),
        ("data = 'i'\nsecrets = 'hush'", "secret"),
        ("data = 'i'\nsecrets = {env = 'NOT_HERE'}", "receiver.secrets: there is no environment"),
        ("data = 'i'\nstorage_keys = 'hush'", "key"),
        ("data = 'postgresql://hush@127.0.0.1/x'", "FULFILLMENT_STORAGE_KEYS"),
        ("data = 'i'\nfeed = true", "base"),
        ("data = 'i'\nplugins = ['nowhere:x']", "The plugin nowhere:x can't be loaded"),
        ("data = 'i'\nplugins = ['tests.unit.cli.test_sinks_whole_file']", "has no hook"),
        (
            "data = 'i'\nplugins = ['tests.unit.cli.test_sinks_whole_file:AUDIT_PLUGIN']",
            "A plugin and a sink are both called audit",
        ),
    ],
)
def test_what_is_wrong_with_the_receiver_is_told_beside_the_sinks(
    content: str, told: str, here: Path
) -> None:
    ended = check(here, f"[receiver]\n{content}\n{AUDIT}", "--json")
    sink, receiver = json.loads(ended.stdout)
    assert (sink["name"], sink["verdict"]) == ("audit", "ready")
    assert (receiver["name"], receiver["verdict"]) == ("[receiver]", "wrong")
    assert told in f"{receiver['words']} {receiver['remedy']}"
    assert ended.exit_code == 1
    assert "hush" not in ended.output


def test_what_is_wrong_with_a_plugin_s_table_is_told_beside_the_sinks(
    install: Install, here: Path
) -> None:
    install("painter", PAINTER)
    ended = check(here, f"{AUDIT}[plugins.painter]\ncolor = 'hush'\n")
    assert ended.stdout.split()[:3] == ["audit", "log", "ready"]
    assert "plugins.painter has an unknown key, color\n    Did you mean colour?" in ended.stdout
    assert ended.exit_code == 1
    ended = check(here, f"{AUDIT}[plugins.panter]\ncolour = 'hush'\n")
    assert "plugins.panter: there is no such plugin\n    Did you mean painter?" in ended.stdout
    assert "hush" not in ended.stdout


def test_where_no_webhook_secret_is_it_says_so_and_is_content(here: Path) -> None:
    ended = check(here, f"[receiver]\ndata = 'inbox'\n{AUDIT}")
    assert "ready: no webhook secret is set here: see FULFILLMENT_WEBHOOK_SECRET" in ended.stdout
    assert ended.exit_code == 0


def test_a_file_without_sinks_is_looked_at_as_well(here: Path) -> None:
    assert check(here, RECEIVER).stdout.split() == ["[receiver]", "ready"]
    assert check(here, "[receiver]\ndata = ''\n").exit_code == 1


def test_who_names_sinks_has_these_checked_alone(here: Path) -> None:
    ended = check(here, f"[receiver]\ndata = ''\n{AUDIT}", "audit")
    assert ended.stdout.split() == ["audit", "log", "ready"]
    assert ended.exit_code == 0
