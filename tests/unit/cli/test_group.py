"""The command line as a whole: help is quick, errors are one line and a remedy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from fulfillment_sdk import cli
from fulfillment_sdk._extras import needs
from fulfillment_sdk.cli.group import COMMANDS, command
from fulfillment_sdk.errors import ConfigurationError, MissingExtra


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, prog_name="fulfillment")


def test_help_lists_every_command_with_its_line() -> None:
    shown = run("--help").output
    for name, line in COMMANDS.items():
        assert f"{name} " in shown
        assert line in " ".join(shown.split())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_in_the_list_is_there(name: str) -> None:
    assert run(name, "--help").exit_code == 0


@pytest.mark.parametrize("name", ["plugins", "sinks", "org", "token"])
def test_no_line_of_a_list_of_commands_is_cut_off(name: str) -> None:
    assert "..." not in run(name, "--help").output.partition("Commands:")[2]


def test_help_imports_neither_server_nor_client() -> None:
    script = (
        "import sys\n"
        "from fulfillment_sdk.cli.group import command\n"
        "command.main(['--help'], standalone_mode=False)\n"
        "heavy = {'starlette', 'uvicorn', 'sqlalchemy', 'requests', 'rich', 'aiohttp', 'asyncio'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_package_runs_as_a_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "fulfillment_sdk", "--version"], capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert ended.stdout.startswith("fulfillment-sdk, version ")


def test_an_unknown_command_is_a_usage_error() -> None:
    ended = run("srve")
    assert ended.exit_code == 2
    assert "No such command" in ended.output


def test_our_own_errors_are_a_line_and_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("serve")
    def failing() -> None:
        raise ConfigurationError("The port is taken", remedy="Choose another.")

    monkeypatch.setattr("fulfillment_sdk.cli.serve.command", failing)
    ended = run("serve")
    assert ended.exit_code == 1
    assert ended.stderr == "Error: The port is taken\nChoose another.\n"
    assert ended.stdout == ""


def test_a_missing_package_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(MissingExtra, match=r"fulfillment-sdk\[server\]"), needs("server"):
        raise ModuleNotFoundError("No module named 'starlette'", name="starlette.routing")


def test_a_missing_module_of_our_own_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError), needs("server"):
        raise ModuleNotFoundError("No module", name="fulfillment_sdk.server.nothing")


@pytest.mark.parametrize(
    ("arguments", "extras"),
    [
        ([], "cli"),
        (["--help"], "cli"),
        (["plugins", "list"], "cli"),
        (["dispatch", "inbox"], "cli,receiver"),
        (["sinks", "check"], "cli,receiver"),
        (["serve", "--dev"], "server"),
        (["demo"], "server"),
    ],
)
def test_without_click_a_command_says_what_to_install(
    arguments: list[str], extras: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "fulfillment_sdk.cli.group")
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert f'pip install "fulfillment-sdk[{extras}]"' in str(ended.value)


def serve(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(command, ["serve", *arguments], env=environ)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "http"], "--port must be a whole number from 0 to 65535"),
        (["--role", "both"], "--role must be one of all, gateway, portal"),
        (["--dev", "--host", "0.0.0.0"], "--dev trusts everyone"),
        ([], "The server (--role all) can't start without FULFILLMENT_PUBLIC_URL"),
        (["--config", "nowhere.toml"], "nowhere.toml can't be read"),
    ],
)
def test_serve_refuses_what_it_cannot_serve_with(
    arguments: Sequence[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "fulfillment_sdk.server.observability.logs.configure", lambda **_options: None
    )
    monkeypatch.setattr("fulfillment_sdk.server.observability.mishaps.take", lambda: None)
    ended = serve(*arguments)
    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"Error: {said}")
    assert not (tmp_path / "fulfillment-data").exists()


def test_serves_help_explains_every_variable() -> None:
    from fulfillment_sdk.server.configuration.options import OPTIONS

    shown = serve("--help").output
    assert all(option.variable in shown for option in OPTIONS)
