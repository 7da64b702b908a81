"""The documents' own examples, as files: a third witness beside the client and the server.

The seven ``case-*`` of `CASES` are the request bodies of the case creation document as they stand,
``case-full`` both with its comments (text) and without (JSON). ``request-verification``,
``verify-otp``, ``token-*`` and ``code-sent`` are the authentication's, ``created`` and ``error-*``
the answers, ``status-changed`` is the contract's notification. ``case-completed`` is ours: what
the contract, section 4, lists, filled in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fulfillment_sdk import strictjson

FOLDER: Final = Path(__file__).parent

CASES: Final = (
    "case-with-token",
    "case-full",
    "case-minimal-fields",
    "case-physical-abuse",
    "case-child-abuse",
    "case-psychosocial",
    "case-minimal-valid",
)


def body(name: str) -> bytes:
    """The bytes of one JSON sample."""
    return (FOLDER / f"{name}.json").read_bytes()


def read(name: str) -> dict[str, object]:
    """One JSON sample, parsed anew, so that a test may change it."""
    return strictjson.parse_object(body(name))


def commented() -> str:
    """The document's full example as it stands, with comments that no JSON parser takes."""
    return (FOLDER / "case-full-commented.txt").read_text(encoding="utf-8")
