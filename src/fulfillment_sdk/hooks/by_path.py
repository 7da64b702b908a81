"""Plugins that a configuration or a command names by where they are: `module:object`."""

from __future__ import annotations

from importlib import import_module

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts


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
        # Words of other errors may hold what the module was set up with.
        told = isinstance(error, ImportError | AttributeError | SyntaxError)
        raise ConfigurationError(
            f"The plugin {path} can't be loaded: {error if told else type(error).__name__}",
            remedy=f"Write {where} module:object, and run this where Python finds the module.",
        ) from error
    return found
