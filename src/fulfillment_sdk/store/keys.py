"""Where storage keys come from: a setting, or a private file made on first start."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.engine import make_url

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.store.private_files import load_or_create
from fulfillment_sdk.store.sealing import KEY_BYTES, Sealer

KEYS_FILE = "storage-keys"
KEYS_VARIABLE = "FULFILLMENT_STORAGE_KEYS"

Keys = Sequence[tuple[str, bytes]]


def parse_keys(text: str) -> list[tuple[str, bytes]]:
    """Read `id:base64,id:base64`, newest first.

    Raises:
        ConfigurationError: an entry is no `id:base64`, or a key is not 32 bytes long.
    """
    keys: list[tuple[str, bytes]] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key_id or len(key) != KEY_BYTES:
            raise ConfigurationError(
                "A storage key must be written as id:base64 of 32 random bytes",
                remedy=f"Correct {KEYS_VARIABLE} or the {KEYS_FILE} file.",
            )
        keys.append((key_id, key))
    return keys


def format_keys(keys: Keys) -> str:
    """Write keys the way `parse_keys` reads them."""
    return ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in keys)


def load_or_create_keys(path: Path) -> list[tuple[str, bytes]]:
    """Return the keys in the file `path`, made with mode 0600 where there is none."""
    fresh = lambda: format_keys([(secrets.token_hex(4), Sealer.new_key())]) + "\n"  # noqa: E731
    return parse_keys(load_or_create(path, fresh))


def keys_for(url: str, *, environ: Mapping[str, str] = os.environ) -> list[tuple[str, bytes]]:
    """Return the keys that seal the database at `url` where nobody handed any in.

    `FULFILLMENT_STORAGE_KEYS` wins; beside an SQLite file a `storage-keys` file is made.

    Raises:
        ConfigurationError: a database on a server, whose keys must be given.
    """
    if given := environ.get(KEYS_VARIABLE):
        return parse_keys(given)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return load_or_create_keys(_beside(Path(parsed.database)))
    raise ConfigurationError(
        "A database on a server needs storage keys that all its hosts share",
        remedy=f"Set {KEYS_VARIABLE} to id:base64 of 32 random bytes.",
    )


def _beside(path: Path) -> Path:
    """Return where an SQLite file's keys are: beside the file itself, whatever links lead to it.

    Where keys were made beside a symbolic link, they stay in use.
    """
    real = Path(os.path.realpath(path)).with_name(KEYS_FILE)
    linked = path.with_name(KEYS_FILE)
    return linked if linked.exists() and not real.exists() else real
