"""A kind of sink tells what its settings are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Literal

import attrs
import pytest

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.plugins.bundled.email import EmailSettings
from fulfillment_sdk.plugins.settings.common import CommonSettings
from fulfillment_sdk.plugins.settings.described import Setting, describe, first_line
from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.plugins.sinks import SinkKinds

HUSH = Secret("hush")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Nested:
    host: str


@attrs.frozen(kw_only=True)
class Everything:
    """What there may be.

    Args:
        path: where it is; a line that is so long that it goes on
            in the next one.
        level: how loud.

    Raises:
        ValueError: never.
    """

    path: Path
    level: Literal["low", "high"] = "low"
    colours: tuple[Colour, ...] = ()
    colour: Colour = Colour.BLUE
    pair: tuple[int, str] = (1, "b")
    limit: int | None = None
    on: bool = False
    share: float = 0.5
    key: Secret = HUSH
    url: str = attrs.field(default="hush", repr=False)
    names: Mapping[str, str] = attrs.field(factory=dict)
    other: Nested | None = None
    what: object = None


def test_each_setting_has_its_type_default_and_meaning() -> None:
    assert describe(Everything) == (
        Setting(
            "path",
            "path",
            "needed",
            "where it is; a line that is so long that it goes on in the next one.",
        ),
        Setting("level", "low, high", "low", "how loud."),
        Setting("colours", "list: red, blue", ""),
        Setting("colour", "red, blue", "blue"),
        Setting("pair", "list: whole number, text", "1, b"),
        Setting("limit", "whole number", ""),
        Setting("on", "true or false", "false"),
        Setting("share", "number", "0.5"),
        Setting("key", "secret", "***"),
        Setting("url", "text", "***"),
        Setting("names", "table", ""),
        Setting("other", "table", ""),
        Setting("what", "anything", ""),
    )


def test_a_number_is_told_as_it_is_written() -> None:
    timeout = next(one for one in describe(CommonSettings) if one.key == "timeout")
    assert timeout.default == "30"


@pytest.mark.parametrize("settings", [CommonSettings, EmailSettings])
def test_ours_all_say_what_they_are_for(settings: type[object]) -> None:
    assert all(one.about for one in describe(settings))


def test_what_is_no_attrs_class_is_an_error() -> None:
    with pytest.raises(PluginError, match="is no attrs class"):
        describe(dict)


def test_a_thing_is_told_of_by_the_first_line_of_its_docstring() -> None:
    class Silent:
        pass

    assert first_line(Everything) == "What there may be."
    assert first_line(Silent) == ""
    assert first_line(lambda: None) == ""


def test_no_setting_that_comes_along_speaks_of_what_toml_does_not_have() -> None:
    kinds: list[type[object]] = [one.settings for one in SinkKinds.of(Plugins())]
    kinds.append(CommonSettings)
    told = [setting.about for kind in kinds for setting in describe(kind)]
    assert [about for about in told if "None" in about] == []
