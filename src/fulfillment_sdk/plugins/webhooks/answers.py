"""What an endpoint's answer means (contract, section 4, "Gateway -> partner"), and what is kept."""

from __future__ import annotations

import datetime
import re
from collections.abc import AsyncIterable, Mapping
from email.utils import parsedate_to_datetime

import attrs

from fulfillment_sdk.plugins.webhooks.technical_words import TECHNICAL_WORDS
from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry

KEPT_BYTES = 2048
"""How much of an answer's body may be kept, after `redacted`."""

_ANSWERS: Mapping[int, Outcome] = {
    400: Reject("HTTP 400"),
    410: Reject("HTTP 410", disable=True),
    422: Reject("HTTP 422"),
}

# A year: the relay's policy shortens it to the delay after next, whatever was asked for.
_LONGEST_SECONDS = 365 * 86_400.0

_MASK = "*"
_KEY = re.compile(rb'"[^"\\]*"\s*:')
_COMPARED_BYTES = 65536


def read_answer(status: int, headers: Mapping[str, str], now: float) -> Outcome:
    """Decide from an endpoint's answer what becomes of a delivery (contract, section 4).

    `status` is the HTTP status, `headers` the answer's in any case, `now` epoch seconds (for a
    `Retry-After` that is a date). 2xx is delivered; 400 and 422 are rejected; 410 rejects and
    disables the destination; all else is tried again. That includes redirects, which are never
    followed, and the client errors that the contract does not list (such as 405 and 413): they
    speak of an endpoint that is set up wrongly, not of an event that is wrong.
    """
    if 200 <= status < 300:
        return Delivered(f"HTTP {status}")
    if 300 <= status < 400:
        return Retry(f"HTTP {status}: redirects are not followed")
    if status in _ANSWERS:
        return _ANSWERS[status]
    return Retry(f"HTTP {status}", after=_retry_after(headers, now))


def explained(outcome: Outcome, body: bytes, *, sent: bytes) -> Outcome:
    """Add what an answer said, redacted, to the cause of a failure; a success needs no cause."""
    if isinstance(outcome, Delivered):
        return outcome
    said = redacted(body[:KEPT_BYTES], sent=sent)
    return attrs.evolve(outcome, why=f"{outcome.why} ({said})") if said else outcome


def redacted(body: bytes, *, sent: bytes) -> str:
    """Return the technical words of an answer, everything else masked; "" where there are none.

    Answers echo what they were sent, in whatever form: names, telephone numbers, stories, tokens.
    So nothing is kept but words of our own list that are in no value of `sent`, the JSON that was
    posted. No number is kept, and nothing at all where `sent` is too large to compare. At most as
    long as `body`.
    """
    if len(sent) > _COMPARED_BYTES:
        return ""
    known = TECHNICAL_WORDS.difference(_words(_KEY.sub(b" ", sent)))
    parts: list[str] = []
    for word in _words(body):
        part = word if word in known else _MASK
        if part != _MASK or parts[-1:] != [_MASK]:
            parts.append(part)
    return " ".join(parts) if parts and parts != [_MASK] else ""


def _words(text: bytes) -> list[str]:
    return re.findall(r"[^\W_]+", text.decode(errors="replace").lower())


async def beginning(chunks: AsyncIterable[bytes], most: int) -> tuple[bytes, bool]:
    """Read an answer's body up to `most` bytes; return them, and whether that was all of it."""
    read = bytearray()
    async for chunk in chunks:
        read += chunk
        if len(read) > most:
            return bytes(read[:most]), False
    return bytes(read), True


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by `Retry-After` (RFC 9110, section 10.2.3); None if it says nothing."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"\d+", text.strip(), re.ASCII):
        return min(float(text), _LONGEST_SECONDS)  # not int(): thousands of digits would raise
    try:
        when = parsedate_to_datetime(text)
        if when.tzinfo is None:  # no zone, or -0000; HTTP knows no other time than UTC
            when = when.replace(tzinfo=datetime.UTC)
        return min(max(0.0, when.timestamp() - now), _LONGEST_SECONDS)
    except (ValueError, OverflowError, OSError):
        return None
