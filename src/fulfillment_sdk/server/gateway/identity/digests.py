"""Keyed hashes of what the gateway must recognise again but need not know."""

from __future__ import annotations

import hmac

_PURPOSE = b"fulfillment gateway: codes and limits, 1"


class Digests:
    """Hashes e-mails, callers' addresses and codes under one key.

    The key is derived from a storage key, so that a copy of the database alone does not allow the
    million possible codes to be tried. After the newest storage key has changed, pending codes are
    no longer found: their owners ask for new ones. Members are found also by a ``retired`` key, for
    as long as it is kept to open what it sealed.
    """

    def __init__(self, storage_key: bytes, *retired: bytes) -> None:
        self._key = _derived(storage_key)
        self._retired = tuple(map(_derived, retired))

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

    def member(self, organization_id: str, email: str) -> str:
        """Return the digest by which an organisation's address is found."""
        return self._text("member", organization_id, email)

    def member_by_any_key(self, organization_id: str, email: str) -> list[str]:
        """Return the same under every key: the address may have been added before a rotation."""
        message = _message("member", organization_id, email)
        keys = (self._key, *self._retired)
        return [hmac.digest(key, message, "sha256").hex() for key in keys]

    def _text(self, *parts: str) -> str:
        return self._digest(*parts).hex()

    def _digest(self, *parts: str) -> bytes:
        return hmac.digest(self._key, _message(*parts), "sha256")


def _derived(storage_key: bytes) -> bytes:
    return hmac.digest(storage_key, _PURPOSE, "sha256")


def _message(*parts: str) -> bytes:
    # Lengths first: no two different lists of parts make the same message.
    return b"".join(
        len(part).to_bytes(8, "big") + part for part in (text.encode() for text in parts)
    )
