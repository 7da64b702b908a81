"""The SHA-256 that an answer says its body has."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.errors import ConfigurationError

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")
_ETAG: Final = re.compile(r'"([0-9a-fA-F]{64})"')
_REPR_DIGEST: Final = re.compile(r"(?:^|[, ])sha-256=:([A-Za-z0-9+/=]{44}):")


def announced(answer: Answer) -> str | None:
    """The digest in hex: of `Repr-Digest` (RFC 9530), else of an `ETag` that can be nothing else.

    None where neither says one, and for a body that was written in another way (compressed).
    """
    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return None
    if found := _REPR_DIGEST.search(answer.headers.get("repr-digest", "")):
        try:
            return base64.b64decode(found[1], validate=True).hex()
        except binascii.Error:
            return None
    tag = _ETAG.fullmatch(answer.headers.get("etag", "").strip())
    return tag[1].lower() if tag else None


def expected(digest: str | None) -> str | None:
    """A digest that the caller knows, in lower case; ConfigurationError for what is none."""
    if digest is None:
        return None
    if not _HEX.fullmatch(digest):
        raise ConfigurationError(
            "A SHA-256 has 64 hexadecimal digits", remedy="Give it as the server told it, or none."
        )
    return digest.lower()
