"""Kinds of sink: offered by plugins, configured by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.hooks.installed import PROJECT
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import RECEIVER_HOOKS
from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import Delivered, Delivery, Destination, Outcome, RetryPolicy

POLICY = RetryPolicy(schedule=(0, 1))
FULL = {"disclosure": "full"}


@attrs.frozen
class FileSettings:
    path: str
    sync: bool = True


@attrs.frozen
class FileSink:
    settings: FileSettings

    def deliver(self, delivery: Delivery) -> Outcome:
        return Delivered()


class FilePlugin:
    name = "files"

    @hookimpl
    def fulfillment_register_sinks(self, register: RegisterSink) -> None:
        register("file", FileSettings, FileSink)


def kinds_of(*implementations: object) -> SinkKinds:
    plugins = Plugins()
    for implementation in implementations:
        plugins.register(implementation, host="a receiver", hooks=RECEIVER_HOOKS)
    return SinkKinds.of(plugins)


def test_a_configured_sink_gets_typed_settings_and_is_a_destination() -> None:
    table = {"kind": "file", "path": "audit.csv", "events": ["case.completed"]}

    destination, sink = kinds_of(FilePlugin()).bind("audit", {**table, **FULL}, POLICY)

    assert sink == FileSink(FileSettings(path="audit.csv", sync=True))
    assert destination.name == destination.sink == "audit"
    assert destination.types == ("case.completed",)
    assert destination.policy == POLICY


def test_a_sink_without_a_list_of_events_gets_all() -> None:
    destination, _ = kinds_of(FilePlugin()).bind("a", {"kind": "file", "path": "p"}, POLICY)

    assert destination.types == ()


def test_every_table_may_say_which_events_how_much_of_them_and_how_fast() -> None:
    table = {
        "kind": "file",
        "path": "p",
        "events": ["case.completed"],
        "statuses": ["qc_passed"],
        "categories": [362485, "7"],
        "ordering": "none",
        "timeout": 5,
        "concurrency": 2,
        "rate": 0.5,
        "retry": [0, 60],
        "enabled": False,
    }

    destination, _ = kinds_of(FilePlugin()).bind("a", table, RetryPolicy(endless=True))

    assert destination == Destination(
        "a",
        "a",
        types=("case.completed",),
        only={"status": ("qc_passed", ""), "category": ("362485", "7", "")},
        ordering="none",
        timeout=5.0,
        concurrency=2,
        rate=0.5,
        policy=RetryPolicy((0, 60), endless=True),
        enabled=False,
        disabled_why="switched off by its host",
    )


def test_a_sink_gets_routing_facts_unless_its_table_asks_for_more() -> None:
    kinds = kinds_of(FilePlugin())
    for asked, level in ({}, "routing"), ({"disclosure": "operational"}, "operational"):
        _, sink = kinds.bind("a", {"kind": "file", "path": "p", **asked}, POLICY)
        assert repr(sink) == f"<FileSink, which gets {level} facts>"


class ToPeople:
    name = "people"

    @hookimpl
    def fulfillment_register_sinks(self, register: RegisterSink) -> None:
        register("mural", FileSettings, FileSink, reaches_people=True, concurrency=64)


def test_a_sink_that_reaches_people_never_gets_full_events() -> None:
    kinds = kinds_of(ToPeople())
    table = {"kind": "mural", "path": "p"}

    with pytest.raises(ConfigurationError) as caught:
        kinds.bind("wall", {**table, **FULL}, POLICY)

    assert caught.value.message == (
        "sinks.wall.disclosure can't be full: a sink of kind mural reaches people"
    )
    _, sink = kinds.bind("wall", {**table, "disclosure": "operational"}, POLICY)
    assert repr(sink) == "<FileSink, which gets operational facts>"


def test_a_kind_says_how_many_cases_are_under_way_and_a_table_says_better() -> None:
    kinds = kinds_of(ToPeople(), FilePlugin())

    def lanes(**table: object) -> int:
        return kinds.bind("a", {"path": "p", **table}, POLICY)[0].concurrency

    assert lanes(kind="file") == 8
    assert lanes(kind="mural") == 64
    assert lanes(kind="mural", concurrency=1) == 1


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("timeout", 0, "sinks.a: A destination's timeout must be a number, 1e-06 to 86400"),
        ("concurrency", 0, "sinks.a: A destination's concurrency must be a whole number, 1 to"),
        ("rate", float("nan"), "sinks.a: A destination's rate must be a number, 1e-06 to 1e+09"),
        ("retry", [], "sinks.a: A retry policy's schedule needs delays of 0 seconds to a year"),
        ("retry", [-1], "sinks.a: A retry policy's schedule needs delays of 0 seconds to a year"),
        ("ordering", "lane", "sinks.a.ordering must be case or none"),
        ("disclosure", "all", "sinks.a.disclosure must be routing or operational or full"),
        ("categories", [True], "sinks.a.categories[0] must be a string"),
        ("statuses", "new", "sinks.a.statuses must be a list"),
    ],
)
def test_a_number_or_word_that_cannot_be_is_an_error(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kinds_of(FilePlugin()).bind("a", {"kind": "file", "path": "p", key: value}, POLICY)

    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("table", "message", "remedy"),
    [
        ({"path": "p"}, "sinks.audit has no kind", "Set sinks.audit.kind."),
        (
            {"kind": "flie", "path": "p"},
            "sinks.audit names an unknown kind of sink, flie",
            (
                "Did you mean file? Known are: "
                f"{', '.join(sorted(['file', *SinkKinds.of(Plugins()).words]))}. Install"
                " the plugin that offers it, and check that FULFILLMENT_DISABLE_PLUGINS doesn't"
                " switch it off."
            ),
        ),
        (
            {"kind": "file", "paht": "p"},
            "sinks.audit has an unknown key, paht",
            "Did you mean path?",
        ),
        (
            {"kind": "file", "path": "p", "event": []},
            "sinks.audit has an unknown key, event",
            "Did you mean events?",
        ),
        (
            {"kind": "file", "path": "p", "events": "case.completed"},
            "sinks.audit.events must be a list",
            "Correct its value.",
        ),
    ],
)
def test_a_wrong_table_is_an_error_that_says_what_to_do(
    table: dict[str, object], message: str, remedy: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kinds_of(FilePlugin()).bind("audit", table, POLICY)

    assert (caught.value.message, caught.value.remedy) == (message, remedy)


def test_a_factory_that_fails_is_told_by_the_type_of_its_error() -> None:
    def fail(settings: FileSettings) -> FileSink:
        raise OSError(settings.path)

    class Failing:
        name = "failing"

        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("file", FileSettings, fail)

    with pytest.raises(PluginError) as caught:
        kinds_of(Failing()).bind("audit", {"kind": "file", "path": "secret"}, POLICY)

    said = "sinks.audit can't be made: plugin failing raised OSError at "
    assert str(caught.value).startswith(f"{said}{__file__}:")
    assert "secret" not in str(caught.value)


def test_a_factory_s_own_configuration_error_is_passed_on() -> None:
    def refuse(settings: FileSettings) -> FileSink:
        raise ConfigurationError("The folder is not there")

    class Refusing:
        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("file", FileSettings, refuse)

    with pytest.raises(ConfigurationError, match="The folder is not there"):
        kinds_of(Refusing()).bind("audit", {"kind": "file", "path": "p"}, POLICY)


def test_a_kind_can_be_offered_once_only() -> None:
    class Rival(FilePlugin):
        name = "rival"

    with pytest.raises(PluginError, match="files and rival both offer the sink kind file"):
        kinds_of(FilePlugin(), Rival())


def test_settings_that_are_no_attrs_class_are_the_plugins_mistake() -> None:
    class Plain:
        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("plain", dict, lambda settings: FileSink(FileSettings("p")))

    with pytest.raises(PluginError, match="dict is no attrs class"):
        kinds_of(Plain())


def test_a_kind_says_how_much_it_takes_at_once() -> None:
    class Gathering:
        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("gathering", FileSettings, FileSink, concurrency=64)
            register("single", FileSettings, FileSink)

    kinds = kinds_of(Gathering())
    gathering, _ = kinds.bind("a", {"kind": "gathering", "path": "p"}, POLICY)
    single, _ = kinds.bind("b", {"kind": "single", "path": "p"}, POLICY)

    assert (gathering.concurrency, single.concurrency) == (64, 8)


@attrs.frozen
class Clashing:
    events: int = 0


def test_settings_cannot_take_a_key_that_every_sink_has() -> None:
    class Clash:
        name = "clash"

        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("clash", Clashing, lambda settings: FileSink(FileSettings("p")))

    with pytest.raises(PluginError, match="the settings of clash can't have a key events"):
        kinds_of(Clash())


def test_an_installed_plugin_that_fails_to_register_is_left_out_and_the_rest_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "fails_to_register.py").write_text(
        "from fulfillment_sdk.plugins import hookimpl\n"
        "@hookimpl\n"
        "def fulfillment_register_sinks(register):\n"
        "    raise RuntimeError('no')\n"
    )
    plugins = Plugins()
    plugins.load_entry_points([EntryPoint("fails", "fails_to_register", PROJECT)])
    plugins.register(FilePlugin(), host="a receiver", hooks=RECEIVER_HOOKS)

    SinkKinds.of(plugins).bind("audit", {"kind": "file", "path": "p"}, POLICY)

    assert [plugin.name for plugin in plugins] == ["files"]
    assert [(p.name, p.cause) for p in plugins.problems] == [
        ("fails_to_register", f"RuntimeError at {tmp_path / 'fails_to_register.py'}:4")
    ]


def test_an_unknown_kind_is_an_error_that_names_the_plugins_left_out() -> None:
    plugins = Plugins()
    plugins.load_entry_points(
        [EntryPoint(name="csv", value="not_installed_here:plugin", group=PROJECT)]
    )

    with pytest.raises(ConfigurationError) as caught:
        SinkKinds.of(plugins).bind("audit", {"kind": "csv"}, POLICY)

    assert caught.value.message == (
        "sinks.audit names an unknown kind of sink, csv. Plugins left out: "
        "csv: ModuleNotFoundError: No module named 'not_installed_here'"
    )


def test_a_sink_that_is_no_table_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"sinks\.audit must be a table"):
        kinds_of(FilePlugin()).bind("audit", "file", POLICY)  # type: ignore[arg-type]


@attrs.frozen
class Unreadable:
    path: Nowhere  # type: ignore[name-defined]  # noqa: F821


def test_settings_whose_types_cant_be_read_are_the_plugins_trouble() -> None:
    class Offering:
        name = "offering"

        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("file", Unreadable, lambda _settings: FileSink(FileSettings("p")))

    with pytest.raises(PluginError, match=r"annotations of Unreadable can't be read \(NameError\)"):
        kinds_of(Offering())


def offering(
    kind: object = "odd",
    settings: object = FileSettings,
    factory: object = FileSink,
    **more: object,
) -> SinkKinds:
    class Offering:
        name = "offering"

        @hookimpl
        def fulfillment_register_sinks(self, register: Callable[..., None]) -> None:
            register(kind, settings, factory, **more)

    return kinds_of(Offering())


@pytest.mark.parametrize(
    ("offer", "message"),
    [
        ({"kind": 5}, "the word for a kind of sink must be a text"),
        ({"kind": []}, "the word for a kind of sink must be a text"),
        ({"kind": ""}, "the word for a kind of sink must be a text"),
        ({"settings": "FileSettings"}, "the settings of odd must be an attrs class"),
        ({"settings": FileSettings("p")}, "the settings of odd must be an attrs class"),
        ({"factory": None}, "the factory of odd can't be called"),
        ({"concurrency": 0}, "the concurrency of odd must be a whole number from 1"),
        ({"concurrency": "8"}, "the concurrency of odd must be a whole number from 1"),
    ],
)
def test_what_no_table_could_use_is_the_plugins_trouble(
    offer: dict[str, Any], message: str
) -> None:
    with pytest.raises(PluginError) as caught:
        offering(**offer)

    assert caught.value.message == f"Plugin offering: {message}"


def leave(_settings: FileSettings) -> FileSink:
    raise SystemExit("hush")


@pytest.mark.parametrize(
    ("factory", "why"),
    [
        (leave, "raised SystemExit"),
        (lambda _settings: None, "made no sink"),
        (lambda _settings: FileSink, "made no sink"),
    ],
)
def test_a_factory_that_makes_no_sink_is_named(factory: object, why: str) -> None:
    with pytest.raises(PluginError) as caught:
        offering(factory=factory).bind("a", {"kind": "odd", "path": "p"}, POLICY)

    assert f"sinks.a can't be made: plugin offering {why}" in caught.value.message
    assert "hush" not in str(caught.value)


def test_a_key_that_is_no_text_is_unknown() -> None:
    with pytest.raises(ConfigurationError, match=r"sinks\.a has an unknown key, 5"):
        kinds_of(FilePlugin()).bind("a", {"kind": "file", 5: 1}, POLICY)  # type: ignore[dict-item]


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "x" * 201])
def test_a_name_that_no_database_or_log_would_keep_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="A sink's name must be"):
        kinds_of(FilePlugin()).bind(name, {"kind": "file", "path": "p"}, POLICY)
