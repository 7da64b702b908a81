"""Secrets among settings: said in place, or where they are to be found.

password = {env = "SMTP_PASSWORD"}
password = {file = "/run/secrets/smtp-password"}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import attrs

from fulfillment_sdk.errors import ConfigurationError

_LONGEST: Final = 64 * 1024  # bytes: whoever names a file by mistake doesn't have all of it read


@attrs.frozen
class Secret:
    """A text that shows in no repr, log or message: a password, a key, a URL that has one in it.

    Its `value` is the text; `str()` and an f-string have `***` in its place.

    Args:
        value: the text.
    """

    value: str = attrs.field(repr=lambda _: "***")

    def __str__(self) -> str:
        return "***"

    @classmethod
    def read(cls, given: object, *, where: str, environ: Mapping[str, str] | None = None) -> Self:
        """Return the secret that a configuration gives.

        Args:
            given: the text itself, `{"env": NAME}`, `{"file": path}` or a `Secret`; a file's first
                and last white space doesn't count.
            where: how messages call the setting.
            environ: the environment; by default the process's own.

        Raises:
            ConfigurationError: it is none of these, or there is nothing; no part of it is told.
        """
        if isinstance(given, cls):
            return given
        text = given
        if isinstance(given, Mapping):
            text = _found(given, where, os.environ if environ is None else environ)
        if not isinstance(text, str):
            raise _refusal(where)
        if not text:
            raise ConfigurationError(f"{where} is empty", remedy="Give it its value.")
        return cls(text)


def _found(given: Mapping[object, object], where: str, environ: Mapping[str, str]) -> str:
    match list(given.items()):
        case [("env", str(name))]:
            if name not in environ:
                raise ConfigurationError(
                    f"{where}: there is no environment variable {name}", remedy=f"Set {name}."
                )
            return environ[name]
        case [("file", str() | Path() as path)]:
            return _content(Path(path), where)
        case _:
            raise _refusal(where)


def _content(path: Path, where: str) -> str:
    why = "it is no text"
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
        if len(content) <= _LONGEST:
            return content.decode().strip()
        why = "it is too large"
    except OSError as error:
        why = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        pass
    raise ConfigurationError(
        f"{where}: the file {path} can't be used: {why}",
        remedy="Put the secret there, and nothing else, readable for this process.",
    )


def _refusal(where: str) -> ConfigurationError:
    return ConfigurationError(
        f'{where} must be a string, {{"env": "NAME"}} or {{"file": "path"}}',
        remedy="Correct its value.",
    )
