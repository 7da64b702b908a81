"""Settings are read strictly, and errors name keys, never values."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Literal

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.plugins.settings.settings import load_settings


class Colour(Enum):
    RED = "red"


class Step(Enum):
    FIRST = 1


@attrs.frozen
class Nested:
    host: str


@attrs.frozen
class Everything:
    path: Path
    text: str = ""
    count: int = 0
    share: float = 0.0
    on: bool = False
    maybe: str | None = None
    level: Literal["low", "high"] = "low"
    colour: Colour = Colour.RED
    words: list[str] = attrs.field(factory=list)
    numbers: tuple[int, ...] = ()
    headers: dict[str, str] = attrs.field(factory=dict)
    nested: Nested | None = None
    step: Step = Step.FIRST
    pair: tuple[int, str] = (1, "")


def test_every_supported_type_is_read() -> None:
    settings = load_settings(
        Everything,
        {
            "path": "out.csv",
            "text": "a",
            "count": 3,
            "share": 1,
            "on": True,
            "maybe": None,
            "level": "high",
            "colour": "red",
            "words": ["a", "b"],
            "numbers": [1, 2],
            "headers": {"x": "y"},
            "nested": {"host": "h"},
            "step": 1,
            "pair": [2, "b"],
        },
        where="sinks.audit",
    )

    assert settings == Everything(
        path=Path("out.csv"),
        text="a",
        count=3,
        share=1.0,
        on=True,
        level="high",
        words=["a", "b"],
        numbers=(1, 2),
        headers={"x": "y"},
        nested=Nested("h"),
        step=Step.FIRST,
        pair=(2, "b"),
    )


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("text", 1, "sinks.audit.text must be a string"),
        ("text", None, "sinks.audit.text must be a string"),
        ("count", "3", "sinks.audit.count must be an integer"),
        ("count", True, "sinks.audit.count must be an integer"),
        ("count", 1.9, "sinks.audit.count must be an integer"),
        ("share", "0.5", "sinks.audit.share must be a number"),
        ("on", "false", "sinks.audit.on must be true or false"),
        ("on", 1, "sinks.audit.on must be true or false"),
        ("path", 1, "sinks.audit.path must be a path"),
        ("maybe", 1, "sinks.audit.maybe must be a string"),
        ("level", "middle", "sinks.audit.level must be low or high"),
        ("colour", "blue", "sinks.audit.colour must be red"),
        ("words", "ab", "sinks.audit.words must be a list"),
        ("words", ["a", 1], "sinks.audit.words[1] must be a string"),
        ("headers", ["x"], "sinks.audit.headers must be a table"),
        ("nested", {"host": 1}, "sinks.audit.nested.host must be a string"),
        ("nested", "h", "sinks.audit.nested must be a table"),
        ("step", True, "sinks.audit.step must be 1"),
        ("step", 1.0, "sinks.audit.step must be 1"),
        ("pair", [1], "sinks.audit.pair must be a list of 2"),
        ("pair", [1, 2], "sinks.audit.pair[1] must be a string"),
    ],
)
def test_a_wrong_type_is_never_bent_into_the_right_one(
    key: str, value: object, wanted: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Everything, {"path": "p", key: value}, where="sinks.audit")

    assert caught.value.message == wanted


def test_an_unknown_key_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Everything, {"path": "p", "conut": 3}, where="sinks.audit")

    assert caught.value.message == "sinks.audit has an unknown key, conut"
    assert caught.value.remedy == "Did you mean count?"


def test_an_unknown_key_that_resembles_none_lists_them() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Nested, {"zzz": 3}, where="sinks.audit")

    assert caught.value.remedy == "Keys: host."


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Everything, {}, where="sinks.audit")

    assert caught.value.message == "sinks.audit has no path"


@attrs.frozen
class Guarded:
    password: str = attrs.field()

    @password.validator
    def _long(self, _: object, value: str) -> None:
        if len(value) < 12:
            raise ValueError(f"{value} is too short")


def test_a_refusal_by_the_class_itself_does_not_repeat_the_value() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Guarded, {"password": "hunter2"}, where="sinks.mail")

    assert str(caught.value) == (
        "sinks.mail is refused by Guarded (ValueError)\nCheck the values of password."
    )


def test_a_class_without_attrs_is_the_plugins_mistake() -> None:
    with pytest.raises(PluginError, match="no attrs class"):
        load_settings(object, {}, where="sinks.audit")


@attrs.frozen
class Odd:
    thing: complex


def test_a_field_that_cannot_be_configured_is_the_plugins_mistake() -> None:
    with pytest.raises(PluginError, match=r"sinks\.audit\.thing can't be configured"):
        load_settings(Odd, {"thing": 1}, where="sinks.audit")


def test_any_text_may_be_left_where_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @attrs.frozen
    class Texts:
        name: str
        others: tuple[str, ...] = ()

    monkeypatch.setenv("THE_NAME", "Anna")
    (tmp_path / "other").write_text("Berta\n")
    values = {"name": {"env": "THE_NAME"}, "others": ["Carla", {"file": str(tmp_path / "other")}]}

    assert load_settings(Texts, values, where="sinks.a") == Texts("Anna", ("Carla", "Berta"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"env": "NOT_THERE"}, "sinks.a.name: there is no environment variable NOT_THERE"),
        ({"file": "/not/there"}, "sinks.a.name: the file /not/there can't be used: No such file"),
        ({"vault": "hush"}, 'sinks.a.name must be a string, {"env": "NAME"} or {"file": "path"}'),
    ],
)
def test_a_text_that_is_not_where_it_should_be_is_told(value: object, message: str) -> None:
    @attrs.frozen
    class Texts:
        name: str

    with pytest.raises(ConfigurationError) as caught:
        load_settings(Texts, {"name": value}, where="sinks.a")

    assert caught.value.message.startswith(message)
    assert "hush" not in str(caught.value)


def test_a_path_may_be_left_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PATH", "/var/audit")

    found = load_settings(Everything, {"path": {"env": "THE_PATH"}}, where="sinks.a")

    assert found.path == Path("/var/audit")


def test_whatever_a_class_refuses_its_values_with_is_told_without_them() -> None:
    def refuse(_instance: object, _field: object, value: str) -> None:
        raise RuntimeError(value)

    @attrs.frozen
    class Refusing:
        name: str = attrs.field(validator=refuse)

    with pytest.raises(ConfigurationError) as caught:
        load_settings(Refusing, {"name": "hush"}, where="sinks.a")

    assert "(RuntimeError)" in caught.value.message
    assert "hush" not in str(caught.value)


def test_a_number_that_is_larger_than_any_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"sinks\.a\.share must be a number"):
        load_settings(Everything, {"path": "p", "share": 10**400}, where="sinks.a")


@pytest.mark.parametrize("path", ["", "out\0hush.csv"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Everything, {"path": path}, where="sinks.audit")

    assert str(caught.value) == "sinks.audit.path must be a path\nCorrect its value."
