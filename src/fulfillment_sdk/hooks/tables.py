"""What a configuration says of plugins by their names: which are off, and their settings."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final, Self

import attrs

from fulfillment_sdk.configuration.toml_file import did_you_mean
from fulfillment_sdk.errors import ConfigurationError

ENABLED: Final = "enabled"
"""The key of a plugin's table that switches it off; the others are its settings."""

logger = logging.getLogger("fulfillment_sdk.plugins")


@attrs.frozen
class PluginTables:
    """The tables `plugins.NAME`, each the settings of a plugin, or an instance of their class.

    A name is the plugin's own, that of its entry point, or that of the entry point's module.
    """

    _tables: Mapping[str, object] = attrs.field(factory=dict, repr=False)

    @classmethod
    def of(cls, given: Mapping[str, object] | None) -> Self:
        """Check what can be checked before the plugins are known.

        Raises:
            ConfigurationError: it is no mapping, or an `enabled` is neither true nor false.
        """
        if not isinstance(given, Mapping | None):
            raise ConfigurationError(
                "The plugins' settings must be a mapping from a name to a table",
                remedy='Write plugin_settings={"name": {"key": …}}.',
            )
        for name, table in (given or {}).items():
            if isinstance(table, Mapping) and not isinstance(table.get(ENABLED, True), bool):
                raise ConfigurationError(
                    f"plugins.{name}.{ENABLED} must be true or false", remedy="Correct its value."
                )
        return cls(dict(given or {}))

    @property
    def switched_off(self) -> frozenset[str]:
        """The names of those that are off."""
        return frozenset(
            name
            for name, table in self._tables.items()
            if isinstance(table, Mapping) and not table.get(ENABLED, True)
        )

    def settings_for(self, names: Iterable[str]) -> tuple[str, object] | None:
        """Return the settings of the plugin that goes by these names, and the name that is used.

        Raises:
            ConfigurationError: there are two tables for it.
        """
        found = [name for name in self._tables if name in set(names)]
        if len(found) > 1:
            raise ConfigurationError(
                f"plugins.{found[0]} and plugins.{found[1]} are the same plugin",
                remedy="Keep one of the two tables.",
            )
        for name in found:
            table = self._tables[name]
            if isinstance(table, Mapping):
                return name, {key: value for key, value in table.items() if key != ENABLED}
            return name, table
        return None

    def refuse_strangers(self, known: Iterable[str], *, untold: Iterable[str] = ()) -> None:
        """Raise `ConfigurationError` for a table of no plugin, naming the nearest there is.

        Args:
            known: the names of all plugins, as far as they are known.
            untold: the entry points of plugins whose own names are not. Where there are any, a
                table may be one of theirs, and is just warned of: who is broken, or switched off,
                stops nobody else.
        """
        names, others = set(known), ", ".join(sorted(untold))
        for name in self._tables:
            if name not in names and others:
                logger.warning(
                    "plugins.%s is no plugin's that is known, unless that of the entry point %s, "
                    "which is not loaded. %s",
                    name,
                    others,
                    did_you_mean(name, names),
                )
            elif name not in names:
                raise ConfigurationError(
                    f"plugins.{name}: there is no such plugin",
                    remedy=f"{did_you_mean(name, names)} See: fulfillment plugins list",
                )
