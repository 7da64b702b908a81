"""Every answer that a receiver gives, and those that need nothing but the request's head.

Contract, section 4, "Receiver".
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import attrs

from fulfillment_sdk import strictjson
from fulfillment_sdk.notifications import MAX_BODY

RETRY_AFTER = 5
"""Seconds after which a sender may try again when nothing could be stored."""


@attrs.frozen
class Reply:
    """An HTTP answer: status, extra headers and a small JSON body."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        """Status and reason, as WSGI wants them: `202 Accepted`."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def _reply(status: int, content: Mapping[str, str], **extra: str) -> Reply:
    body = strictjson.dumps(content)
    headers = {"content-type": "application/json", "content-length": str(len(body)), **extra}
    return Reply(status, body, tuple(headers.items()))


STORED = _reply(202, {"status": "stored"})
SEEN = _reply(200, {"status": "seen"})
UNSIGNED = _reply(401, {"error": "Not rightly signed, or too old"})
NOT_POST = _reply(405, {"error": "Only POST is answered here"}, allow="POST")
TOO_LARGE = _reply(413, {"error": f"More than {MAX_BODY} bytes"})
NOT_JSON = _reply(415, {"error": "Only application/json without compression is read here"})
NOT_STORED = _reply(503, {"error": "Can't be stored just now"}, **{"retry-after": str(RETRY_AFTER)})


_DECISIVE = frozenset({"content-type", "content-encoding", "content-length"})


def refuse_head(method: str, headers: Mapping[str, str]) -> Reply | None:
    """Return the answer to a request that its head alone decides, or None: then read its body.

    `headers` are the request's, in any case. A `Content-Length` over 16 MiB is refused here,
    without reading; a compressed body too, because the signature covers the bytes as they came.
    """
    if method != "POST":
        return NOT_POST
    names = ((name.lower(), name) for name in headers)
    head = {lower: headers[name].strip().lower() for lower, name in names if lower in _DECISIVE}
    media_type = head.get("content-type", "").partition(";")[0].strip()
    if media_type != "application/json" or head.get("content-encoding", "identity") != "identity":
        return NOT_JSON
    # Python gives up on integers of thousands of digits; this many are too many bytes anyhow.
    length = head.get("content-length", "")
    if length.isdecimal() and (len(length) > 18 or int(length) > MAX_BODY):
        return TOO_LARGE
    return None
