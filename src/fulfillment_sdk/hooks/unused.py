"""What there is to say of plugins that are not used, and of names that are none's."""

from __future__ import annotations

import attrs

from fulfillment_sdk.hooks.installed import DISABLE_VARIABLE


@attrs.frozen
class PluginProblem:
    """A plugin that could not be used: its name, its distribution's version and why."""

    name: str
    version: str
    cause: str


@attrs.frozen
class PluginOff:
    """A plugin that is switched off: its name, its distribution's version, and by what."""

    name: str
    version: str
    by: str


@attrs.frozen
class MistakenSwitch:
    """A name that plugins are switched off by, and that is none's: what was meant, it seems."""

    name: str
    words: str
    by: str = DISABLE_VARIABLE
