"""Reading a TOML file in which there may be secrets: what is wrong is told by its place alone."""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fulfillment_sdk.errors import ConfigurationError

FILE: Final = "fulfillment.toml"
"""What it is called where nobody says otherwise."""

_PLACE = re.compile(r"\(at line (?P<line>[0-9]+), column (?P<column>[0-9]+)\)\Z")


def read_toml(path: Path, *, remedy: str = "Correct the file.") -> dict[str, object]:
    """Return what a TOML file has at its top level.

    Raises:
        ConfigurationError: there is no such file, or it is no TOML; no part of it is told.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        why = f": {error.strerror}"
    except ValueError as error:
        why = f" as TOML{_place(error)}"
    raise ConfigurationError(f"{path} can't be read{why}", remedy=remedy)


def is_open_to_all(path: Path) -> bool:
    """Tell whether every user of this machine may read a file."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.4) -> str | None:
    """Return the known name that is most like this one, whatever its case and its dashes.

    Args:
        name: what was written.
        known: the names that there are.
        cutoff: how alike they must be, 0 to 1; None is returned where no name is.
    """
    names = {entry.lower(): entry for entry in known}
    found = difflib.get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a remedy for a name that there isn't: the nearest one, or else all there are."""
    names = sorted(known)
    found = nearest(name, names)
    return f"Did you mean {found}?" if found else f"Known are: {', '.join(names) or 'none'}."


def _place(error: ValueError) -> str:
    """Where a TOML error is, and nothing else of it: it may repeat a part of the file, a secret."""
    found = _PLACE.search(str(error))
    return f": look at line {found['line']}, column {found['column']}" if found else ""
