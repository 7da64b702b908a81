"""Sealing of stored bytes: AES-256-GCM with the key's id beside them.

A sealed value is `0x01`, the length of the key id, the key id, a 12-byte random nonce, and the
ciphertext with its tag. Header and context are authenticated, so that a value moved to another row
or column does not open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fulfillment_sdk.errors import ConfigurationError, StoreError

KEY_BYTES = 32
_VERSION = 1
_NONCE_BYTES = 12


class Sealer:
    """Seals with the newest key and opens with any of them.

    Args:
        keys: pairs of (id, 32 bytes), newest first; ids are ASCII of 1 to 64 characters.
        random_bytes: source of nonces; handed in by tests.

    Raises:
        ConfigurationError: no key, a key of another length, an unusable or doubled id.
    """

    def __init__(
        self,
        keys: Sequence[tuple[str, bytes]],
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        if not keys:
            raise ConfigurationError(
                "No storage key is given",
                remedy="Set FULFILLMENT_STORAGE_KEYS to id:base64 of 32 random bytes.",
            )
        ciphers: dict[bytes, AESGCM] = {}
        for key_id, key in keys:
            name = key_id.encode("ascii", "replace")
            if not 1 <= len(name) <= 64 or not key_id.isascii() or not key_id.isprintable():
                raise ConfigurationError("A storage key's id must be 1 to 64 ASCII characters")
            if len(key) != KEY_BYTES:
                raise ConfigurationError(f"Storage key {key_id!r} must be {KEY_BYTES} bytes long")
            if name in ciphers:
                raise ConfigurationError(f"Storage key id {key_id!r} is given twice")
            ciphers[name] = AESGCM(key)
        self._ciphers = ciphers
        self._random_bytes = random_bytes
        newest = next(iter(ciphers))
        self._header = bytes((_VERSION, len(newest))) + newest
        self._newest = ciphers[newest]

    def __repr__(self) -> str:
        return f"<Sealer keys={[name.decode() for name in self._ciphers]}>"

    @staticmethod
    def new_key(random_bytes: Callable[[int], bytes] = os.urandom) -> bytes:
        """Return a fresh key of 32 bytes."""
        return random_bytes(KEY_BYTES)

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Return `plaintext` encrypted for `context`, which names table, column and row."""
        nonce = self._random_bytes(_NONCE_BYTES)
        authenticated = self._header + context.encode()
        return self._header + nonce + self._newest.encrypt(nonce, plaintext, authenticated)

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return what was sealed for `context`.

        Raises:
            StoreError: the value is damaged, sealed for something else or with another key of the
                same id, or its key is missing.
        """
        start = 2 + sealed[1] if len(sealed) > 1 and sealed[0] == _VERSION else 0
        header = sealed[:start]
        cipher = self._ciphers.get(header[2:])
        if not start or cipher is None:
            raise StoreError(
                f"No storage key at hand opens {context}",
                remedy="Keep retired keys in FULFILLMENT_STORAGE_KEYS while their data is there,"
                " the same on all hosts of a database.",
            )
        nonce = sealed[start : start + _NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[start + _NONCE_BYTES :], header + context.encode())
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                f"The stored value of {context} is damaged, or sealed with another key of that id",
                remedy="FULFILLMENT_STORAGE_KEYS must be the same on all hosts of a database.",
            ) from error
