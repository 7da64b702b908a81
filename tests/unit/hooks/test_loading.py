"""Plugins are loaded one by one: what is wrong with one is named, and hurts no other."""

from __future__ import annotations

import logging
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks.calling import observe
from fulfillment_sdk.hooks.installed import (
    DISABLE_VARIABLE,
    PROJECT,
    SwitchedOff,
    forget_installed,
)
from fulfillment_sdk.hooks.loading import Plugins, say_switched_off
from fulfillment_sdk.hooks.plugin import CLIENT_HOOKS, HOOKS, inspect_plugin
from fulfillment_sdk.hooks.unused import PluginOff
from fulfillment_sdk.models.events import CaseCompleted, StatusChanged
from fulfillment_sdk.plugins import hookimpl


class Named:
    name = "audit"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None: ...


class Nameless:
    @hookimpl
    def fulfillment_case_completed(self, event: CaseCompleted) -> None: ...


def register(plugins: Plugins, implementation: object) -> None:
    plugins.register(implementation, host="a test", hooks=HOOKS)


def test_a_plugin_that_its_host_never_calls_is_an_error() -> None:
    with pytest.raises(PluginError) as caught:
        Plugins().register(Named(), host="a client", hooks=CLIENT_HOOKS)

    assert str(caught.value) == (
        "Plugin audit has no hook that a client calls\n"
        "Those are fulfillment_after_response, fulfillment_before_request."
    )


def test_two_plugins_of_one_name_are_an_error() -> None:
    plugins = Plugins()
    register(plugins, Named())

    with pytest.raises(PluginError, match="Two plugins have the name audit"):
        register(plugins, Named())


GOOD = """
from fulfillment_sdk.plugins import hookimpl

@hookimpl
def fulfillment_status_changed(event):
    pass
"""

BROKEN = {
    "raises_at_import": "raise RuntimeError('no licence')",
    "exits_at_import": "raise SystemExit(3)",
    "needs_more": "import a_package_that_is_not_there",
    "misspelt": GOOD.replace("status_changed", "status_change"),
    "panics_at_import": "raise type('Panic', (BaseException,), {})('no licence')",
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """One good plugin among broken ones, as installed distributions."""
    monkeypatch.syspath_prepend(str(tmp_path))
    found = []
    for name, source in {**BROKEN, "good": GOOD}.items():
        (tmp_path / f"installed_{name}.py").write_text(source)
        found.append(EntryPoint(name, f"installed_{name}", PROJECT))
    return found


def test_a_broken_entry_point_is_named_with_its_cause_and_the_rest_work(
    installed: list[EntryPoint],
) -> None:
    plugins = Plugins()
    plugins.load_entry_points(installed)

    assert [plugin.name for plugin in plugins] == ["installed_good"]
    causes = {problem.name: problem.cause for problem in plugins.problems}
    place = r" at \S*/installed_\w+\.py:1"
    assert re.fullmatch("RuntimeError" + place, causes.pop("raises_at_import"))
    assert re.fullmatch("SystemExit" + place, causes.pop("exits_at_import"))
    assert re.fullmatch("Panic" + place, causes.pop("panics_at_import"))
    assert causes == {
        "needs_more": "ModuleNotFoundError: No module named 'a_package_that_is_not_there'",
        "misspelt": "Plugin installed_misspelt has an unknown hook, fulfillment_status_change",
    }


def test_an_entry_point_carries_its_distributions_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "versioned_plugin.py").write_text(GOOD)
    (tmp_path / "broken_plugin.py").write_text("1 / 0")
    info = tmp_path / "versioned_plugin-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: versioned-plugin\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(
        "[fulfillment_sdk]\nversioned = versioned_plugin\nbroken = broken_plugin\n"
    )
    forget_installed()
    request.addfinalizer(forget_installed)
    plugins = Plugins()

    plugins.load_entry_points()

    versions = {plugin.name: plugin.version for plugin in plugins}
    assert versions["versioned_plugin"] == "2.5"
    assert [(problem.name, problem.version) for problem in plugins.problems] == [("broken", "2.5")]


def test_a_plugin_that_the_host_handed_in_is_not_added_again(installed: list[EntryPoint]) -> None:
    plugins = Plugins()
    register(plugins, installed[-1].load())

    plugins.load_entry_points(installed[-1:])

    assert [plugin.name for plugin in plugins] == ["installed_good"]
    assert plugins.problems == []


SETTABLE = """
from fulfillment_sdk.plugins import hookimpl

class Plugin:
    name = "settable"

    @hookimpl
    def fulfillment_status_changed(self, event):
        pass

class Namesake(Plugin):
    pass

plugin = Plugin()
"""


def test_one_that_the_host_handed_in_takes_the_place_of_the_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "installed_settable.py").write_text(SETTABLE)
    entry_point = EntryPoint("settable", "installed_settable:plugin", PROJECT)
    own = type(entry_point.load())()
    plugins = Plugins()
    register(plugins, own)

    plugins.load_entry_points([entry_point])

    assert [plugin.implementation for plugin in plugins] == [own]
    assert plugins.problems == []


def test_a_mere_namesake_of_what_the_host_handed_in_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "installed_namesake.py").write_text(SETTABLE)
    entry_point = EntryPoint("settable", "installed_namesake:plugin", PROJECT)
    entry_point.load()
    plugins = Plugins()
    register(plugins, sys.modules["installed_namesake"].Namesake())

    plugins.load_entry_points([entry_point])

    assert [problem.cause for problem in plugins.problems] == ["Two plugins have the name settable"]


@pytest.mark.parametrize("disabled", ["*", "good", "installed_good", "audit, good"])
def test_the_environment_switches_installed_plugins_off(
    installed: list[EntryPoint], monkeypatch: pytest.MonkeyPatch, disabled: str
) -> None:
    monkeypatch.setenv(DISABLE_VARIABLE, disabled)
    plugins = Plugins()

    plugins.load_entry_points(installed[-1:])

    assert list(plugins) == []


def test_the_environment_switches_a_host_s_plugin_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DISABLE_VARIABLE, "audit")
    plugins = Plugins()

    register(plugins, Named())
    register(plugins, Nameless())

    assert [plugin.name for plugin in plugins] == ["tests.unit.hooks.test_loading.Nameless"]


def test_that_a_plugin_is_switched_off_is_logged_once_for_all_clients_of_a_process(
    installed: list[EntryPoint], caplog: pytest.LogCaptureFixture
) -> None:
    say_switched_off.cache_clear()
    for _client in range(3):
        plugins = Plugins(disabled=SwitchedOff.of("audit, good"))
        register(plugins, Named())
        plugins.load_entry_points(installed[-1:])

    assert caplog.messages == [
        "plugin audit is switched off by FULFILLMENT_DISABLE_PLUGINS",
        "plugin good is switched off by FULFILLMENT_DISABLE_PLUGINS",
    ]


def test_a_disabled_entry_point_is_not_even_imported(installed: list[EntryPoint]) -> None:
    plugins = Plugins(disabled=SwitchedOff.of("raises_at_import"))

    plugins.load_entry_points(installed[:1])

    assert plugins.problems == []


class Secretive:
    name = "secretive"

    @hookimpl
    def fulfillment_on_attempt(self, attempt: object) -> None:
        raise RuntimeError("Jane Smith")


def test_what_an_observer_raises_is_logged_by_kind_and_place_and_never_in_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        observe(inspect_plugin(Secretive()), "fulfillment_on_attempt", attempt=1)

    line = Secretive.fulfillment_on_attempt.__code__.co_firstlineno + 2
    (said,) = caplog.messages
    assert said == (
        f"plugin secretive: fulfillment_on_attempt failed: RuntimeError at {__file__}:{line}"
    )


def test_an_observer_without_the_hook_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    observe(inspect_plugin(Named()), "fulfillment_on_attempt", attempt=1)
    assert caplog.messages == []


def test_what_is_switched_off_is_listed_with_its_version_and_by_what(
    installed: list[EntryPoint],
) -> None:
    disabled = SwitchedOff(frozenset({"good"}), configured=frozenset({"audit"}))
    plugins = Plugins(disabled=disabled)

    register(plugins, Named())
    plugins.load_entry_points(installed[-1:])

    assert plugins.switched_off == [
        PluginOff("audit", "", "its configuration"),
        PluginOff("good", "", DISABLE_VARIABLE),
    ]


def test_a_plugin_is_known_by_its_own_name_its_entry_points_and_its_modules(
    installed: list[EntryPoint],
) -> None:
    plugins = Plugins(disabled=SwitchedOff.of("raises_at_import"))

    plugins.load_entry_points([installed[0], installed[2], installed[-1]])

    broken = {"raises_at_import", "needs_more", "installed_raises_at_import"}
    assert plugins.known == {*broken, "installed_needs_more", "good", "installed_good"}


def test_one_that_takes_the_place_of_an_installed_one_goes_by_its_names_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "installed_placed.py").write_text(SETTABLE)
    entry_point = EntryPoint("placed", "installed_placed:plugin", PROJECT)
    plugins = Plugins()
    register(plugins, entry_point.load())

    plugins.load_entry_points([entry_point])

    assert [plugin.names for plugin in plugins] == [{"settable", "placed", "installed_placed"}]


@pytest.mark.parametrize("value", ["my-package:plugin", ""])
def test_an_entry_point_that_names_no_module_is_left_out_and_the_rest_work(
    installed: list[EntryPoint], value: str
) -> None:
    plugins = Plugins()

    plugins.load_entry_points([EntryPoint("nowhere", value, PROJECT), installed[-1]])

    assert [plugin.name for plugin in plugins] == ["installed_good"]
    (problem,) = plugins.problems
    assert (problem.name, problem.cause) == ("nowhere", "its entry point names no module")
    assert "nowhere" in plugins.known


class Raising:
    """One that can't even say its name."""

    @property
    def name(self) -> str:
        raise RuntimeError("no")

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None: ...


class Unreachable:
    """One whose functions can't be had."""

    name = "unreachable"

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("no")


@pytest.mark.parametrize("kind", [Raising, Unreachable])
def test_one_that_cannot_be_looked_at_is_named(kind: type[object]) -> None:
    looking = Plugins(looking=True)

    register(looking, kind())

    assert [problem.cause for problem in looking.problems] == [
        f"Plugin {kind.__name__} can't be looked at (RuntimeError)"
    ]
    with pytest.raises(PluginError, match="can't be looked at"):
        register(Plugins(), kind())


def test_one_whose_distribution_has_no_version_works_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "unversioned_plugin.py").write_text(GOOD)
    info = tmp_path / "unversioned_plugin-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[fulfillment_sdk]\nfree = unversioned_plugin\n")
    forget_installed()
    request.addfinalizer(forget_installed)
    plugins = Plugins()

    plugins.load_entry_points()

    assert {plugin.name: plugin.version for plugin in plugins}["unversioned_plugin"] == ""
