"""Sign and verify notifications: Standard Webhooks 1.0 with HMAC-SHA256 (contract, section 4)."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import frozen

from fulfillment_sdk.errors import ConfigurationError, PayloadError, SignatureError

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
TOLERANCE: Final = 300

_PREFIX: Final = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY, _NEW_KEY = 24, 64, 32
# A full stop divides the parts of what is signed: with one inside, an id could pass for another
# id and timestamp.
_ID = re.compile(r"[!-\-/-~]{1,256}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class HasItems(Protocol):
    """Headers that are no mapping and yet have `items()`, such as those of `http.server`."""

    def items(self) -> Iterable[tuple[object, object]]:
        """Return pairs of a name and a value."""
        ...


Headers = Mapping[str, object] | Mapping[bytes, object] | HasItems | Iterable[tuple[object, object]]


@frozen
class Verified:
    """A trusted notification: its id, its time of sending and which of the secrets matched."""

    id: str
    timestamp: int
    secret_index: int


def new_secret(random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """Make a secret: ``whsec_`` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(random_bytes(_NEW_KEY)).decode("ascii")


def check_secret(secret: str) -> str:
    """Return the secret if it can sign, else raise `ConfigurationError`, which does not show it."""
    _key(secret)
    return secret


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """Sign one attempt with one secret.

    ``timestamp`` is this attempt's time in whole epoch seconds, ``body`` the exact bytes that are
    sent. Returns ``v1,<base64>``. Raises `ConfigurationError` for a malformed secret and
    `PayloadError` for an id or a timestamp that no header can carry.
    """
    return _signature(_key(secret), _signed_head(id, timestamp), body)


def sign_all(secrets: Sequence[str], id: str, timestamp: int, body: bytes) -> str:
    """Sign one attempt with every live secret: the signatures in the order of the secrets."""
    if not secrets:
        raise ConfigurationError("There is no secret to sign with", remedy="Give at least one.")
    head = _signed_head(id, timestamp)
    return " ".join(_signature(_key(secret), head, body) for secret in secrets)


def headers(secrets: Sequence[str], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt."""
    return {
        ID_HEADER: id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: sign_all(secrets, id, timestamp, body),
    }


def verify(
    headers: Headers,
    body: bytes,
    *,
    secrets: str | Iterable[str],
    now: float | None = None,
    tolerance: float = TOLERANCE,
) -> Verified:
    """Check that the body is signed with one of the secrets, within the tolerance of now.

    ``headers`` is any mapping, whatever has ``items()``, or any iterable of pairs, names in any
    case, names and values as str or bytes; ``body`` the exact bytes received; ``now`` epoch seconds
    (default: the clock's); ``tolerance`` seconds either way. Signatures of unknown versions are
    skipped. Whatever the input, the end is a result or a `SignatureError`.
    """
    found = _pick(headers)
    id, stamp, signatures = found[ID_HEADER], found[TIMESTAMP_HEADER], found[SIGNATURE_HEADER]
    if _ID.fullmatch(id) is None:
        raise SignatureError("bad_id")
    if _TIMESTAMP.fullmatch(stamp) is None:
        raise SignatureError("bad_timestamp")
    if not isinstance(body, bytes | bytearray | memoryview):
        raise SignatureError("bad_body")
    at = time.time() if now is None else now
    timestamp = int(stamp)
    # Turned round so that a clock that is not a number refuses.
    if not timestamp >= at - tolerance:
        raise SignatureError("too_old")
    if not timestamp <= at + tolerance:
        raise SignatureError("too_new")
    index = _match(secrets, f"{id}.{stamp}.".encode("ascii"), bytes(body), signatures)
    return Verified(id=id, timestamp=timestamp, secret_index=index)


def _match(secrets: str | Iterable[str], head: bytes, body: bytes, signatures: str) -> int:
    given = [word.encode("utf-8", "replace") for word in signatures.split(" ") if word[:3] == "v1,"]
    try:
        keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    except (ConfigurationError, TypeError):
        raise SignatureError("bad_secret") from None
    matched = -1
    for index, key in enumerate(keys):
        wanted = _signature(key, head, body).encode("ascii")
        for signature in given:
            if hmac.compare_digest(wanted, signature) and matched < 0:
                matched = index
    if matched < 0:
        raise SignatureError("no_match")
    return matched


def _pick(headers: Headers) -> dict[str, str]:
    """The three headers as text, each exactly once."""
    found: dict[str, str] = {}
    try:
        items = getattr(headers, "items", None)
        pairs: Any = headers if items is None else items()
        for name, value in pairs:
            key = _text(name)
            if key is None or (key := key.lower()) not in _WANTED:
                continue
            if key in found:
                raise SignatureError("repeated_header")
            found[key] = _single(value)
    except (TypeError, ValueError, AttributeError):
        raise SignatureError("bad_headers") from None
    if len(found) < len(_WANTED):
        raise SignatureError("missing_header")
    return found


_WANTED: Final = frozenset({ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER})


def _single(value: object) -> str:
    if isinstance(value, list | tuple):
        if len(value) > 1:
            raise SignatureError("repeated_header")
        value = value[0] if value else None
    text = _text(value)
    if text is None:
        raise SignatureError("missing_header" if value is None else "bad_headers")
    return text


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    # Latin-1 takes any byte; what is not ASCII then matches nothing.
    return bytes(value).decode("latin-1") if isinstance(value, bytes | bytearray) else None


def _signed_head(id: str, timestamp: int) -> bytes:
    if _ID.fullmatch(id) is None:
        raise PayloadError("id", "must be 1 to 256 printable ASCII characters without a full stop")
    stamp = str(timestamp)
    if _TIMESTAMP.fullmatch(stamp) is None:
        raise PayloadError("timestamp", "must be whole epoch seconds")
    return f"{id}.{stamp}.".encode("ascii")


def _signature(key: bytes, head: bytes, body: bytes) -> str:
    # `hmac.digest` lets go of the interpreter for each body, however small: a server's loop would
    # wait behind its other threads each time.
    digest = hmac.new(key, head + body, "sha256").digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def _key(secret: object) -> bytes:
    if not isinstance(secret, str) or not secret.startswith(_PREFIX):
        raise _bad_secret("has no whsec_ in front")
    text = secret[len(_PREFIX) :]
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _bad_secret("is no base64 behind whsec_") from None
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise _bad_secret(f"is not {_SHORTEST_KEY} to {_LONGEST_KEY} bytes long")
    return key


def _bad_secret(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"A webhook secret {what}",
        remedy="Use a secret as the gateway gave it, or make one with signing.new_secret().",
    )
