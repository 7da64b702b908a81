"""Plugins that a configuration or a command names by where they are: `module:object`."""

from __future__ import annotations

import sysconfig
import traceback
from importlib import import_module
from pathlib import Path
from typing import Final

from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts

_PATHS = sysconfig.get_paths()
_NOT_THEIRS: Final = (
    "<",
    str(Path(__file__).parents[1]),
    *(_PATHS[name] for name in ("stdlib", "purelib", "platlib")),
)
"""How the files begin that are not the host's own: this kit's, Python's, what is installed."""

_TOLD: Final = (ImportError, AttributeError, SyntaxError)
"""Errors that name what is missing. Words of others may hold what the module was set up with."""


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
        why, remedy = _told(error, where)
        raise ConfigurationError(
            f"The plugin {path} can't be loaded: {why}", remedy=remedy
        ) from error
    return found


def _told(error: BaseException, where: str) -> tuple[str, str]:
    if isinstance(error, ConfigurationError | PluginError):
        return error.message, error.remedy
    if isinstance(error, _TOLD):
        remedy = f"Write {where} module:object, and run this where Python finds the module."
        return str(error), remedy
    kind = type(error).__name__
    return f"{kind} at {_place(error)}", (
        "See what its module needs as it is imported, such as an environment variable; a plugin "
        "may have a module of its own."
    )


def _place(error: BaseException) -> str:
    """The innermost line of the host's own files that the error came through."""
    lines = traceback.walk_tb(error.__traceback__)
    places = [(frame.f_code.co_filename, line) for frame, line in lines]
    own = [one for one in places if not one[0].startswith(_NOT_THEIRS)]
    file, line = (own or places)[-1]
    return f"{file}:{line}"
