"""The full way in: kinds of sink with typed settings, and the sinks that are made of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Generic, TypeVar, cast

import attrs

from fulfillment_sdk.configuration.toml_file import nearest
from fulfillment_sdk.errors import ConfigurationError, FulfillmentError, MissingExtra, PluginError
from fulfillment_sdk.hooks.causes import cause_of
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts
from fulfillment_sdk.hooks.installed import DISABLE_VARIABLE
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import Plugin, inspect_plugin
from fulfillment_sdk.hooks.unused import PluginProblem
from fulfillment_sdk.plugins import bundled
from fulfillment_sdk.plugins.disclosure.disclosing import disclosing
from fulfillment_sdk.plugins.settings.common import COMMON, CommonSettings
from fulfillment_sdk.plugins.settings.described import first_line
from fulfillment_sdk.plugins.settings.settings import (
    hints_of,
    load_settings,
    refuse_unknown_keys,
    settings_of,
)
from fulfillment_sdk.relay import Destination, RetryPolicy, Sink

S = TypeVar("S")

_LONGEST_NAME: Final = 200


@attrs.frozen
class SinkKind(Generic[S]):
    """A kind of sink: the word for it, its settings, what makes one, and who offers it.

    `reaches_people` is one that never gets `full` events; `concurrency` is how many deliveries its
    sinks are given at once where their tables don't say. `about` is a line for those who choose.
    """

    kind: str
    settings: type[S]
    factory: Callable[[S], Sink]
    plugin: str = ""
    reaches_people: bool = False
    concurrency: int = 8
    about: str = ""

    def make(self, values: Mapping[str, object], *, where: str) -> Sink:
        """Make a sink from the table `where` of a configuration.

        Raises:
            ConfigurationError: the settings are wrong.
            MissingExtra: an extra of the SDK is not installed that this kind of sink needs.
            PluginError: the plugin's factory failed.
        """
        settings = load_settings(self.settings, values, where=where)
        try:
            made: object = self.factory(settings)
        except MissingExtra as error:
            raise MissingExtra(error.package, error.extra, where=where) from None
        except FulfillmentError as error:
            if type(error) is not ConfigurationError:
                raise
            raise ConfigurationError(f"{where}: {error.message}", remedy=error.remedy) from None
        except FAILURES as error:
            if is_hosts(error):
                raise
            raise PluginError(
                f"{where} can't be made: plugin {self.plugin} raised {cause_of(error)}"
            ) from error
        if inspect.isclass(made) or not callable(getattr(made, "deliver", None)):
            raise PluginError(
                f"{where} can't be made: plugin {self.plugin} made no sink",
                remedy="Let its factory return an object with a method deliver.",
            )
        return cast("Sink", made)


@attrs.define
class SinkKinds:
    """Every kind of sink on offer."""

    _kinds: dict[str, SinkKind[object]] = attrs.field(factory=dict)
    _problems: Sequence[PluginProblem] = ()

    @classmethod
    def of(cls, plugins: Plugins) -> SinkKinds:
        """Ask each plugin, alone, what it offers; a broken one that is installed is left out.

        The kinds of the SDK itself are there first, whatever is switched off.
        """
        kinds = cls(problems=plugins.problems)
        kinds.ask(inspect_plugin(bundled))
        plugins.call_each("fulfillment_register_sinks", kinds.ask)
        return kinds

    @property
    def words(self) -> list[str]:
        """The words for the kinds, in alphabetical order."""
        return sorted(self._kinds)

    def __iter__(self) -> Iterator[SinkKind[object]]:
        return (self._kinds[word] for word in self.words)

    def get(self, word: object) -> SinkKind[object] | None:
        """Return the kind that goes by a word, None if there is none."""
        return self._kinds.get(word) if isinstance(word, str) else None

    def is_ours(self, table: Mapping[str, object]) -> bool:
        """Tell whether a table that could be bound names one of the SDK's own kinds."""
        kind = self.get(table.get("kind"))
        return kind is not None and kind.plugin == bundled.name

    def ask(self, plugin: Plugin) -> None:
        """Take the kinds that one plugin offers: all of them, or none if it fails.

        Raises:
            PluginError: a kind is taken, or its settings are no attrs class.
        """
        offered: dict[str, SinkKind[object]] = {}

        def register(
            kind: str,
            settings: type[S],
            factory: Callable[[S], Sink],
            /,
            *,
            reaches_people: bool = False,
            concurrency: int = 8,
            about: str = "",
        ) -> None:
            _check_offer(plugin, kind, settings, factory, concurrency)
            hints_of(settings)  # one that can't be read is the plugin's trouble, not its user's
            if clash := COMMON.intersection(settings_of(settings)):
                raise PluginError(
                    f"Plugin {plugin.name}: the settings of {kind} can't have a key {min(clash)}, "
                    "which every sink has"
                )
            if taken := self._kinds.get(kind) or offered.get(kind):
                raise PluginError(
                    f"Plugins {taken.plugin} and {plugin.name} both offer the sink kind {kind}",
                    remedy="Offer it under another word: this one is the SDK's."
                    if taken.plugin == bundled.name
                    else f"Switch one of them off with {DISABLE_VARIABLE}.",
                )
            told = about or first_line(factory)
            made = SinkKind(kind, settings, factory, plugin.name, reaches_people, concurrency, told)
            offered[kind] = cast("SinkKind[object]", made)

        plugin.caller("fulfillment_register_sinks")(register=register)
        self._kinds.update(offered)

    def bind(
        self, name: str, table: Mapping[str, object], policy: RetryPolicy
    ) -> tuple[Destination, Sink]:
        """Return the destination that the table `sinks.<name>` asks for, and its sink.

        The table has `kind`, may have the other keys of `CommonSettings`, and for the rest the
        settings of that kind. `policy` is when it is tried again where the table doesn't say.

        Raises:
            ConfigurationError: no such kind, or wrong settings; the message names the nearest.
            PluginError: the plugin's factory failed.
        """
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ConfigurationError(
                "A sink's name must be a text of at most 200 characters in one line",
                remedy="What is pending for it is kept under its name: choose a short one.",
            )
        where = f"sinks.{name}"
        if not isinstance(table, Mapping):
            raise ConfigurationError(
                f"{where} must be a table", remedy='Write {"kind": "…"}, and the kind\'s settings.'
            )
        shared = {key: value for key, value in table.items() if key in COMMON}
        common = load_settings(CommonSettings, shared, where=where)
        if common.kind not in self._kinds:
            out = "; ".join(f"{one.name}: {one.cause}" for one in self._problems)
            raise ConfigurationError(
                f"{where} names an unknown kind of sink, {common.kind}"
                + (f". Plugins left out: {out}" if out else ""),
                remedy=f"{_meant(common.kind, self.words)}. Install the plugin "
                f"that offers it, and check that {DISABLE_VARIABLE} doesn't switch it off.",
            )
        kind = self._kinds[common.kind]
        refuse_unknown_keys(table, {*settings_of(kind.settings), *COMMON}, where=where)
        if kind.reaches_people and common.disclosure == "full":
            raise ConfigurationError(
                f"{where}.disclosure can't be full: a sink of kind {kind.kind} reaches people",
                remedy="Take operational, which has no person, no story and no free text.",
            )
        destination = common.destination(name, policy, concurrency=kind.concurrency, where=where)
        own = {key: value for key, value in table.items() if key not in COMMON}
        return destination, disclosing(kind.make(own, where=where), common.disclosure)


def _check_offer(
    plugin: Plugin, kind: object, settings: object, factory: object, concurrency: object
) -> None:
    """Refuse what no table could use: that is the plugin's trouble, not its user's."""
    if not isinstance(kind, str) or not kind:
        trouble = "the word for a kind of sink must be a text"
    elif not inspect.isclass(settings):
        trouble = f"the settings of {kind} must be an attrs class"
    elif not callable(factory):
        trouble = f"the factory of {kind} can't be called"
    elif not isinstance(concurrency, int) or concurrency < 1:
        trouble = f"the concurrency of {kind} must be a whole number from 1"
    else:
        return
    raise PluginError(f"Plugin {plugin.name}: {trouble}", remedy="Correct what it registers.")


def _meant(word: str, known: Sequence[str]) -> str:
    found = nearest(word, known)
    return (f"Did you mean {found}? " if found else "") + f"Known are: {', '.join(known)}"
