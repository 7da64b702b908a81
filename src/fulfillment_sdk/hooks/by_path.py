"""Plugins that a configuration or a command names by where they are: `module:object`."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.hooks.causes import MISSING, cause_of
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts

_BEHIND: Final = (
    "See what its module needs as it is imported, such as an environment variable; a plugin may "
    "have a module of its own."
)


def load_by_path(path: str, *, where: str) -> object:
    """Import the plugin that `module` or `module:object` names.

    Args:
        path: its dotted path.
        where: how messages call the setting, such as `--plugin`.

    Raises:
        ConfigurationError: there is none, or its module can't be imported.
    """
    module, _, name = path.partition(":")
    if not module:
        raise ConfigurationError(
            f"{where} {path!r} names no module", remedy=f"Write {where} module:object."
        )
    try:
        found: object = import_module(module)
        for part in filter(None, name.split(".")):
            found = getattr(found, part)
    except FAILURES as error:
        if is_hosts(error):
            raise
        raise ConfigurationError(
            f"The plugin {path} can't be loaded: {cause_of(error)}", remedy=_remedy(error, where)
        ) from error
    return found


def _remedy(error: BaseException, where: str) -> str:
    if isinstance(error, ConfigurationError | PluginError):
        return error.remedy
    if isinstance(error, MISSING):
        return f"Write {where} module:object, and run this where Python finds the module."
    return _BEHIND
