"""What is told of a plugin that can't be used: never a stranger's own words."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fulfillment_sdk.errors import ConfigurationError, PluginError

_PATHS = sysconfig.get_paths()
_NOT_THEIRS: Final = (
    "<",
    str(Path(__file__).parents[1]),
    *(_PATHS[name] for name in ("stdlib", "purelib", "platlib")),
)
"""How the files begin that are not the host's own: this kit's, Python's, what is installed."""

MISSING: Final = (ImportError, AttributeError, SyntaxError)
"""Errors that name what is missing. Words of others may hold what the module was set up with."""


def cause_of(error: BaseException) -> str:
    """Say in one line what a plugin raised: in our words, or by its type and where it did."""
    if isinstance(error, ConfigurationError | PluginError):
        return error.message
    kind = type(error).__name__
    if isinstance(error, MISSING):
        return " ".join(f"{kind}: {error}".split())[:200]
    return f"{kind} at {innermost(error, _is_theirs)}"


def innermost(error: BaseException, own: Callable[[str], bool]) -> str:
    """Say where an error came from: its innermost line in a file that `own` takes, else of all."""
    lines = traceback.walk_tb(error.__traceback__)
    places = [(frame.f_code.co_filename, line) for frame, line in lines]
    file, line = ([one for one in places if own(one[0])] or places or [("an unknown place", 0)])[-1]
    return f"{file}:{line}"


def _is_theirs(file: str) -> bool:
    return not file.startswith(_NOT_THEIRS)
