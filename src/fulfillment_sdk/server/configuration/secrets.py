"""Secrets that nobody handed in: made on the first start, kept in the data folder (mode 0600)."""

from __future__ import annotations

import base64
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from attrs import frozen

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration import options
from fulfillment_sdk.server.configuration.option import Option
from fulfillment_sdk.store.private_files import load_or_create

T = TypeVar("T")
RandomBytes = Callable[[int], bytes]


def _token(random_bytes: RandomBytes) -> str:
    return base64.urlsafe_b64encode(random_bytes(32)).decode().rstrip("=")


def _key(random_bytes: RandomBytes) -> str:
    return f"{random_bytes(4).hex()}:{base64.b64encode(random_bytes(32)).decode()}"


@frozen
class Kept:
    """The file of one secret, and how its first content is made from random bytes."""

    file: str
    make: Callable[[RandomBytes], str]


KEPT: Mapping[str, Kept] = {
    options.STAFF_TOKEN.name: Kept("staff-token", _token),
    options.INTAKE_TOKEN.name: Kept("intake-token", _token),
    options.NOTIFY_SECRETS.name: Kept("notify-secrets", signing.new_secret),
    options.JWT_KEYS.name: Kept("jwt-keys", _key),
    options.STORAGE_KEYS.name: Kept("storage-keys", _key),
}


class SecretFolder:
    """The secrets kept in one data folder.

    Callers hold the folder's lock, so that no two first starts make two sets of keys.
    """

    def __init__(self, folder: Path, *, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        self._folder = folder
        self._random_bytes = random_bytes

    def path(self, option: Option[object]) -> Path:
        """Return the file in which this secret is kept."""
        return self._folder / KEPT[option.name].file

    def has(self, option: Option[object]) -> bool:
        """Tell whether this secret has been made here, or put here."""
        return self.path(option).exists()

    def load_or_make(self, option: Option[T]) -> T:
        """Return this secret, made and written if there is none.

        Raises:
            ConfigurationError: the file can't be read or written, can't be parsed, or is open to
                others than its owner.
        """
        path = self.path(option)
        try:
            text = load_or_create(path, lambda: KEPT[option.name].make(self._random_bytes) + "\n")
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            raise ConfigurationError(
                f"{path} can't be used: {error.strerror}",
                remedy="Make the data folder readable and writable, or choose another --data.",
            ) from None
        if os.name == "posix" and mode & 0o077:
            raise ConfigurationError(
                f"{path} holds a secret and is open to other users",
                remedy=f"Run chmod 600 {path}, and replace the secret if others may know it.",
            )
        try:
            return option.parse(text.strip())
        except ValueError as error:
            raise ConfigurationError(
                f"The content of {path} {error}",
                remedy="Restore the file from a backup: a new one voids what the old one made.",
            ) from None
