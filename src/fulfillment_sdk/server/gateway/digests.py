"""Keyed hashes of what the gateway must recognise again but need not know."""

from __future__ import annotations

import hmac

_PURPOSE = b"fulfillment gateway: codes and limits, 1"


class Digests:
    """Hashes e-mails, callers' addresses and codes under one key.

    The key is derived from a storage key, so that a copy of the database alone does not allow the
    million possible codes to be tried. After the newest storage key has changed, pending codes are
    no longer found: their owners ask for new ones.
    """

    def __init__(self, storage_key: bytes) -> None:
        self._key = hmac.digest(storage_key, _PURPOSE, "sha256")

    def email(self, email: str) -> str:
        """Return the digest under which mails to an address are counted."""
        return self._text("email", email)

    def address(self, address: str) -> str:
        """Return the digest under which a caller's requests are counted."""
        return self._text("address", address)

    def pair(self, email: str, name_key: str) -> str:
        """Return the digest that binds a code to e-mail and organisation (normalised both)."""
        return self._text("pair", email, name_key)

    def code(self, pair: str, code: str) -> bytes:
        """Return the digest of a code; the same code for another pair gives another one."""
        return self._digest("code", pair, code)

    def _text(self, *parts: str) -> str:
        return self._digest(*parts).hex()

    def _digest(self, *parts: str) -> bytes:
        # Lengths first: no two different lists of parts make the same message.
        message = b"".join(
            len(part).to_bytes(8, "big") + part for part in (text.encode() for text in parts)
        )
        return hmac.digest(self._key, message, "sha256")
