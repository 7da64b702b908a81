"""Installed plugins bring commands along; a broken one brings none, and hurts no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment_sdk.cli.group import COMMANDS, command
from tests.unit.cli.installing import Install, install

__all__ = ["install"]

GREETS = """
import click
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins import hookimpl

name = "{name}"

@hookimpl
def fulfillment_register_commands(group):
    @group.command("{command}")
    @click.argument("whom")
    def greet(whom):
        '''Greet somebody.'''
        if whom == "nobody":
            raise ConfigurationError("There is nobody", remedy="Name somebody.")
        click.echo(f"Good morning, {{whom}}")
"""
BROKEN = GREETS.replace('    @group.command("{command}")', '    raise RuntimeError("no licence")')


@pytest.fixture(autouse=True)
def all_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "")


def source(name: str, command: str, text: str = GREETS) -> str:
    return text.format(name=name, command=command)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, prog_name="fulfillment")


def test_a_plugins_command_is_in_the_help_and_runs(install: Install) -> None:
    install("greeter", source("greeter", "greet"))
    shown = run("--help").output
    assert "Commands of plugins:\n  greet  Greet somebody." in shown
    assert run("greet", "Anna").output == "Good morning, Anna\n"


def test_our_errors_are_a_line_and_a_remedy_there_too(install: Install) -> None:
    install("greeter", source("greeter", "greet"))
    ended = run("greet", "nobody")
    assert (ended.exit_code, ended.stderr) == (1, "Error: There is nobody\nName somebody.\n")


@pytest.mark.parametrize("taken", ["serve", "greet"])
def test_a_name_that_is_taken_is_a_problem_of_who_comes_later(
    taken: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("a_greeter", source("a_greeter", "greet"))
    install("b_greeter", source("b_greeter", taken))
    assert run("greet", "Anna").output == "Good morning, Anna\n"
    assert "Usage: fulfillment serve" in run("serve", "--help").output
    run("--help")
    assert f"Its command {taken} is there already" in caplog.text


def test_one_that_fails_is_named_and_the_others_commands_are_there(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("broken", source("broken", "never", BROKEN))
    install("greeter", source("greeter", "greet"))
    assert run("greet", "Anna").output == "Good morning, Anna\n"
    assert "commands of plugin broken are left out: RuntimeError at " in caplog.text


def test_what_is_no_command_is_none_and_the_others_are_there(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    odd = GREETS.replace('    @group.command("{command}")', '    group.commands["odd"] = 5')
    install("a_broken", source("a_broken", "never", odd))
    install("greeter", source("greeter", "greet"))
    assert run("greet", "Anna").output == "Good morning, Anna\n"
    assert "commands of plugin a_broken are left out: odd is no command" in caplog.text


def test_one_that_is_switched_off_brings_none(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("greeter", source("greeter", "greet"))
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "greeter")
    assert run("greet", "Anna").exit_code == 2


def test_our_own_commands_load_no_plugin(install: Install, tmp_path: Path) -> None:
    trace = tmp_path / "loaded"
    install("loud", f"open({str(trace)!r}, 'w').close()\n{source('loud', 'greet')}")
    for name in COMMANDS:
        assert run(name, "--help").exit_code == 0
    assert not trace.exists()
    run("--help")
    assert trace.exists()
