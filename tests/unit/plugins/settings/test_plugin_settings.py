"""A plugin's own settings are typed, and wrong ones are named."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.hooks.installed import PROJECT, SwitchedOff
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import HOOKS
from fulfillment_sdk.hooks.tables import PluginTables
from fulfillment_sdk.models.events import StatusChanged
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.plugins.settings.of_plugins import settle


@attrs.frozen
class BoardSettings:
    limit: int
    path: Path = Path("board")


class Board:
    name = "board"
    Settings = BoardSettings

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None: ...


class Plain:
    name = "plain"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None: ...


def settled(*given: object, **tables: object) -> dict[str, object]:
    plugins = Plugins()
    for implementation in given:
        plugins.register(implementation, host="a test", hooks=HOOKS)
    return settle(plugins, PluginTables.of(tables))


def test_a_table_becomes_an_instance_of_the_plugins_class() -> None:
    found = settled(Board(), Plain(), board={"limit": 3, "enabled": True}, plain={"enabled": True})
    assert found == {"board": BoardSettings(3), "plain": None}


def test_python_may_hand_in_the_instance() -> None:
    own = BoardSettings(4)
    assert settled(Board(), board=own)["board"] is own


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"limit": "3"}, "plugins.board.limit must be an integer"),
        ({"limits": 3}, "plugins.board has an unknown key, limits"),
        ({}, "plugins.board has no limit"),
        ("hush", "plugins.board must be a table"),
    ],
)
def test_wrong_settings_are_named(table: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settled(Board(), board=table)
    assert caught.value.message == message


def test_settings_for_a_plugin_that_takes_none_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"plugins\.plain has settings, and this plugin"):
        settled(Plain(), plain={"limit": 3})


@pytest.mark.parametrize("wrong", [dict, 5, BoardSettings(1)], ids=["dict", "number", "instance"])
def test_a_class_that_is_no_attrs_class_is_the_plugins_fault(wrong: object) -> None:
    class Bad(Plain):
        Settings = wrong

    with pytest.raises(PluginError, match="is no attrs class"):
        settled(Bad())


INSTALLED = """
import attrs
from fulfillment_sdk.plugins import hookimpl

@attrs.frozen
class Settings:
    limit: int

@hookimpl
def fulfillment_status_changed(event):
    pass
"""


def test_an_installed_plugin_of_whose_settings_nobody_has_heard_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "needs_settings.py").write_text(INSTALLED)
    entry_point = EntryPoint("needy", "needs_settings", PROJECT)
    plugins = Plugins()
    plugins.load_entry_points([entry_point])

    assert settle(plugins, PluginTables.of({})) == {}

    assert list(plugins) == []
    assert [problem.cause for problem in plugins.problems] == [
        "plugins.needs_settings has no limit"
    ]


def test_one_of_whose_settings_somebody_has_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "has_settings.py").write_text(INSTALLED)
    plugins = Plugins()
    plugins.load_entry_points([EntryPoint("needy", "has_settings", PROJECT)])

    with pytest.raises(ConfigurationError, match=r"plugins\.needy\.limit must be an integer"):
        settle(plugins, PluginTables.of({"needy": {"limit": "3"}}))


@pytest.mark.parametrize("wrong", ["Nowhere", "int = nothing.at.all"])
def test_an_installed_one_whose_class_cant_be_read_is_left_out_whatever_is_set(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = f"unreadable_{len(wrong)}"
    source = INSTALLED.replace("    limit: int", f"    limit: {wrong}")
    (tmp_path / f"{module}.py").write_text(f"from __future__ import annotations\n{source}")
    plugins = Plugins()
    plugins.load_entry_points([EntryPoint("needy", module, PROJECT)])

    assert settle(plugins, PluginTables.of({"needy": {"limit": 3}})) == {}

    assert [problem.name for problem in plugins.problems] in (["needy"], [module])


BROKEN = "raise RuntimeError('no licence')"


@pytest.mark.parametrize(
    ("source", "switch"), [(BROKEN, ""), (INSTALLED, "needy"), (INSTALLED, "*"), (INSTALLED, "mod")]
)
def test_settings_of_one_whose_own_name_nobody_can_ask_for_stop_nobody_else(
    source: str,
    switch: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = f"not_asked_{len(source)}"
    (tmp_path / f"{module}.py").write_text(f"name = 'own'\n{source}")
    plugins = Plugins(disabled=SwitchedOff.of(module if switch == "mod" else switch))
    plugins.register(Plain(), host="a test", hooks=HOOKS)
    plugins.load_entry_points([EntryPoint("needy", module, PROJECT)])

    found = settle(plugins, PluginTables.of({"own": {"limit": 3, "password": "hush"}}))

    assert found == ({} if switch == "*" else {"plain": None})
    assert (
        "plugins.own is no plugin's that is known, unless that of the entry point needy, "
        "which is not loaded" in caplog.text
    )
    assert "hush" not in caplog.text


@pytest.mark.parametrize("source", [INSTALLED, INSTALLED.replace("changed", "change")])
def test_where_all_own_names_are_known_a_table_of_no_plugin_is_refused(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = f"told_{len(source)}"
    (tmp_path / f"{module}.py").write_text(f"name = 'own'\n{source}")
    plugins = Plugins()
    plugins.load_entry_points([EntryPoint("needy", module, PROJECT)])

    assert "own" in plugins.known
    with pytest.raises(ConfigurationError, match=r"plugins\.owm: there is no such plugin"):
        settle(plugins, PluginTables.of({"owm": {}}))
