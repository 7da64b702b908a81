"""What a configuration says of plugins, by whichever of their names."""

from __future__ import annotations

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.tables import PluginTables


def test_a_plugin_is_on_unless_its_table_says_otherwise() -> None:
    given = {"one": {"enabled": False}, "two": {"enabled": True}, "three": {}, "four": object()}
    assert PluginTables.of(given).switched_off == {"one"}


@pytest.mark.parametrize("value", ["false", 0, None])
def test_a_switch_is_true_or_false_and_nothing_like_it(value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PluginTables.of({"one": {"enabled": value}})
    assert caught.value.message == "plugins.one.enabled must be true or false"


def test_a_plugins_settings_are_found_by_any_of_its_names_without_the_switch() -> None:
    tables = PluginTables.of({"entry": {"enabled": True, "limit": 3}})
    assert tables.settings_for({"own", "entry", "module"}) == ("entry", {"limit": 3})
    assert tables.settings_for({"own"}) is None


def test_two_tables_of_one_plugin_are_refused() -> None:
    tables = PluginTables.of({"entry": {}, "own": {}})
    with pytest.raises(ConfigurationError, match=r"plugins\.entry and plugins\.own are the same"):
        tables.settings_for({"own", "entry"})


def test_a_table_of_no_plugin_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError) as caught:
        PluginTables.of({"tracr": {"enabled": False}}).refuse_strangers({"tracer", "audit"})
    assert caught.value.message == "plugins.tracr: there is no such plugin"
    assert caught.value.remedy.startswith("Did you mean tracer?")


def test_what_is_no_mapping_is_refused_and_shown_in_no_repr() -> None:
    with pytest.raises(ConfigurationError, match="must be a mapping"):
        PluginTables.of(["tracer"])  # type: ignore[arg-type]
    assert "hush" not in repr(PluginTables.of({"a": {"password": "hush"}}))
