"""Plugins are loaded one by one, and each mistake is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.models.events import CaseCompleted, StatusChanged
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.plugins.manager import DISABLE_VARIABLE, ENTRY_POINT_GROUP, Plugins
from fulfillment_sdk.plugins.plugin import inspect_plugin, plugin_name


class Named:
    name = "audit"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None: ...


class Nameless:
    @hookimpl
    def fulfillment_case_completed(self, event: CaseCompleted) -> None: ...


def test_a_plugin_is_called_by_its_name() -> None:
    assert plugin_name(Named()) == "audit"


def test_a_plugin_without_a_name_is_called_by_the_path_of_its_class() -> None:
    assert plugin_name(Nameless()) == "tests.unit.plugins.test_manager.Nameless"


def test_a_module_is_called_by_its_path() -> None:
    assert plugin_name(sys.modules[__name__]) == "tests.unit.plugins.test_manager"


def test_a_plugin_knows_its_hooks() -> None:
    assert inspect_plugin(Named()).hooks == {"fulfillment_status_changed"}


def test_a_module_can_be_a_plugin() -> None:
    module = ModuleType("shop_hooks")
    vars(module)["fulfillment_status_changed"] = hookimpl(lambda event: None)

    plugin = inspect_plugin(module)

    assert plugin.name == "shop_hooks"
    assert plugin.hooks == {"fulfillment_status_changed"}


def test_a_misspelt_hook_is_an_error_that_names_the_nearest() -> None:
    class Misspelt:
        name = "audit"

        @hookimpl
        def fulfillment_case_complete(self, event: object) -> None: ...

    with pytest.raises(PluginError) as caught:
        inspect_plugin(Misspelt())

    assert str(caught.value) == (
        "Plugin audit has an unknown hook, fulfillment_case_complete\n"
        "Did you mean fulfillment_case_completed?"
    )


def test_a_hook_that_resembles_none_lists_what_there_is() -> None:
    class Strange:
        @hookimpl
        def zzz(self) -> None: ...

    with pytest.raises(PluginError, match="Hooks are fulfillment_case_completed, "):
        inspect_plugin(Strange())


def test_a_hook_without_its_mark_is_an_error() -> None:
    class Unmarked:
        def fulfillment_status_changed(self, event: object) -> None: ...

    with pytest.raises(PluginError, match="not marked as a hook\nPut @hookimpl"):
        inspect_plugin(Unmarked())


def test_a_plugin_without_a_hook_is_an_error() -> None:
    with pytest.raises(PluginError, match=r"Plugin builtins\.object has no hook"):
        inspect_plugin(object())


def test_a_class_instead_of_an_instance_is_an_error() -> None:
    with pytest.raises(PluginError, match=r"is a class\nHand in an instance: .*Named\(\)\."):
        inspect_plugin(Named)


def test_an_argument_that_the_hook_does_not_have_is_an_error() -> None:
    class Wrong:
        @hookimpl
        def fulfillment_status_changed(self, notification: object) -> None: ...

    with pytest.raises(PluginError) as caught:
        inspect_plugin(Wrong())

    assert caught.value.message.endswith(
        "Wrong: fulfillment_status_changed asks for notification, which it isn't given"
    )
    assert caught.value.remedy == (
        "Write fulfillment_status_changed(event); arguments go by their names."
    )


def test_a_hook_that_yields_is_an_error_because_nobody_would_run_it() -> None:
    class Yields:
        @hookimpl
        def fulfillment_status_changed(self, event: object) -> Iterator[None]:
            yield

    with pytest.raises(PluginError, match="contains a yield"):
        inspect_plugin(Yields())


def test_only_the_hooks_for_events_may_be_async() -> None:
    class Async:
        @hookimpl
        async def fulfillment_register_sinks(self, register: object) -> None: ...

    with pytest.raises(PluginError, match="can't be async"):
        inspect_plugin(Async())


def test_two_plugins_of_one_name_are_an_error() -> None:
    plugins = Plugins()
    plugins.register(Named())

    with pytest.raises(PluginError, match="Two plugins have the name audit"):
        plugins.register(Named())


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
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """One good plugin among four broken ones, as installed distributions."""
    monkeypatch.syspath_prepend(str(tmp_path))
    found = []
    for name, source in {**BROKEN, "good": GOOD}.items():
        (tmp_path / f"installed_{name}.py").write_text(source)
        found.append(EntryPoint(name, f"installed_{name}", ENTRY_POINT_GROUP))
    return found


def test_a_broken_entry_point_is_named_with_its_cause_and_the_rest_work(
    installed: list[EntryPoint],
) -> None:
    plugins = Plugins()
    plugins.load_entry_points(installed)

    assert [plugin.name for plugin in plugins] == ["installed_good"]
    assert {problem.name: problem.cause for problem in plugins.problems} == {
        "raises_at_import": "RuntimeError: no licence",
        "exits_at_import": "SystemExit: 3",
        "needs_more": "ModuleNotFoundError: No module named 'a_package_that_is_not_there'",
        "misspelt": "Plugin installed_misspelt has an unknown hook, fulfillment_status_change",
    }


def test_an_entry_point_carries_its_distributions_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    plugins = Plugins()

    plugins.load_entry_points()

    versions = {plugin.name: plugin.version for plugin in plugins}
    assert versions["versioned_plugin"] == "2.5"
    assert [(problem.name, problem.version) for problem in plugins.problems] == [("broken", "2.5")]


def test_a_plugin_that_the_host_handed_in_is_not_added_again(installed: list[EntryPoint]) -> None:
    plugins = Plugins()
    plugins.register(installed[-1].load())

    plugins.load_entry_points(installed[-1:])

    assert [plugin.name for plugin in plugins] == ["installed_good"]
    assert plugins.problems == []


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

    plugins.register(Named())
    plugins.register(Nameless())

    assert [plugin.name for plugin in plugins] == ["tests.unit.plugins.test_manager.Nameless"]


def test_a_disabled_entry_point_is_not_even_imported(installed: list[EntryPoint]) -> None:
    plugins = Plugins(disabled="raises_at_import")

    plugins.load_entry_points(installed[:1])

    assert plugins.problems == []


def test_an_observer_that_fails_neither_raises_nor_silences_the_next() -> None:
    seen: list[object] = []

    class Failing:
        name = "failing"

        @hookimpl
        def fulfillment_on_attempt(self, attempt: object) -> None:
            raise RuntimeError

    class Counting:
        name = "counting"

        @hookimpl
        def fulfillment_on_attempt(self, attempt: object) -> None:
            seen.append(attempt)

    plugins = Plugins()
    plugins.register(Failing())
    plugins.register(Counting())

    plugins.on_attempt("an attempt")

    assert seen == ["an attempt"]
