"""Requests that no gateway would send, as the bytes on the wire, and what they are answered."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping

import attrs

from fulfillment_sdk import signing
from tests.unit.plugins.bodies import status_changed

from ._mounted import SECRET
from ._server import SECONDS

MIB = b"x" * 2**20
BODY = status_changed("evt_hostile", "case_hostile")

OWN = frozenset({400, 414, 417, 431, 501, 505})
"""What servers answer to what is no HTTP, or too much of it: it never gets to the receiver."""

_STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)


@attrs.frozen
class Hostile:
    """One request.

    Args:
        wire: its bytes, made when they are sent: their signature has the time.
        answer: the receiver's.
        or_own: whether the server may refuse it by itself.
        ends: whether the sender says that it sends no more; a server may take it for gone.
    """

    wire: Callable[[], Iterable[bytes]]
    answer: int
    or_own: bool = False
    ends: bool = False

    def is_met(self, statuses: list[int]) -> bool:
        """Tell whether these are its answers: one, or where nobody is left to hear it, none."""
        if not statuses:
            return self.ends
        fair = {self.answer} | (OWN if self.or_own else set())
        return len(statuses) == 1 and statuses[0] in fair


def head(
    body: bytes = BODY,
    *extra: str,
    method: str = "POST",
    media_type: str | None = "application/json",
    length: str | None = "",
    signed: bool = True,
    target: str = "/",
) -> bytes:
    """Return a request's head; `length` is the body's own unless it is given or None."""
    lines = [f"{method} {target} HTTP/1.1", "Host: partner.example.org", "Connection: close"]
    if media_type is not None:
        lines.append(f"Content-Type: {media_type}")
    if length is not None:
        lines.append(f"Content-Length: {length or len(body)}")
    if signed:
        headers = signing.headers([SECRET], "evt_hostile", int(time.time()), body)
        lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, *extra, "", ""]).encode("latin-1")


def chunks(body: bytes, size: int = 2**20) -> bytes:
    """Return a body as chunks."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def unsigned(**headers: str) -> Callable[[], Iterable[bytes]]:
    """Return a request with webhook headers of its own."""
    usual = {"id": "evt_hostile", "timestamp": "", "signature": "v1,AAAA"}
    lines = {**usual, **headers}

    def wire() -> Iterable[bytes]:
        given = [f"webhook-{name}: {value or int(time.time())}" for name, value in lines.items()]
        return [head(BODY, *given, signed=False), BODY]

    return wire


CHUNKED = "Transfer-Encoding: chunked"
REQUEST_WITHIN = b"POST / HTTP/1.1\r\nHost: partner.example.org\r\nContent-Length: 0\r\n\r\n"

HOSTILE: Mapping[str, Hostile] = {
    # Methods.
    "GET": Hostile(lambda: [head(b"", method="GET", length=None)], 405),
    "HEAD": Hostile(lambda: [head(b"", method="HEAD", length=None)], 405),
    "OPTIONS": Hostile(lambda: [head(b"", method="OPTIONS", length=None)], 405),
    "PUT with a large body": Hostile(lambda: [head(MIB, method="PUT"), MIB], 405),
    "DELETE": Hostile(lambda: [head(method="DELETE"), BODY], 405),
    "a method of its own": Hostile(lambda: [head(method="TAKE"), BODY], 405, or_own=True),
    "a method in small letters": Hostile(lambda: [head(method="post"), BODY], 405, or_own=True),
    # Media types and encodings.
    "no media type": Hostile(lambda: [head(media_type=None), BODY], 415),
    "no type in the media type": Hostile(lambda: [head(media_type=";;=;"), BODY], 415),
    "a form": Hostile(lambda: [head(media_type="application/x-www-form-urlencoded"), BODY], 415),
    "a large text": Hostile(lambda: [head(8 * MIB, media_type="text/plain"), 8 * MIB], 415),
    "two media types": Hostile(
        lambda: [head(BODY, "Content-Type: text/plain"), BODY], 415, or_own=True
    ),
    "gzip": Hostile(lambda: [head(BODY, "Content-Encoding: gzip"), BODY], 415),
    "zstd behind identity": Hostile(
        lambda: [head(BODY, "Content-Encoding: identity, zstd"), BODY], 415
    ),
    "two encodings": Hostile(
        lambda: [head(BODY, "Content-Encoding: identity", "Content-Encoding: br"), BODY], 415
    ),
    # Lengths.
    "a length that is too large": Hostile(lambda: [head(length="17000000")], 413),
    "a length of many digits": Hostile(lambda: [head(length="9" * 5000)], 413, or_own=True),
    "a length below nothing": Hostile(lambda: [head(length="-1")], 401, or_own=True),
    "a length with a sign": Hostile(lambda: [head(length=f"+{len(BODY)}"), BODY], 401, or_own=True),
    "a length that is no number": Hostile(lambda: [head(length="many"), BODY], 401, or_own=True),
    "a length in other digits": Hostile(lambda: [head(length="\xb2\xb3")], 401, or_own=True),
    "two lengths": Hostile(lambda: [head(BODY, "Content-Length: 3"), BODY], 401, or_own=True),
    "a length and chunks": Hostile(
        lambda: [head(BODY, CHUNKED, signed=False), chunks(BODY)], 401, or_own=True
    ),
    "a body that breaks off": Hostile(lambda: [head(length="5000"), BODY], 401, ends=True),
    # Chunks.
    "chunks over 16 MiB": Hostile(lambda: [head(b"", CHUNKED, length=None), chunks(17 * MIB)], 413),
    "a chunk that is no number": Hostile(
        lambda: [head(BODY, CHUNKED, length=None), b"zz\r\n{}\r\n0\r\n\r\n"], 401, or_own=True
    ),
    "a chunk below nothing": Hostile(
        lambda: [head(BODY, CHUNKED, length=None), b"-5\r\n{}\r\n0\r\n\r\n"], 401, or_own=True
    ),
    "a chunk of many bytes": Hostile(
        lambda: [head(BODY, CHUNKED, length=None), b"f" * 18 + b"\r\n{}\r\n"],
        401,
        or_own=True,
        ends=True,
    ),
    "chunks that break off": Hostile(
        lambda: [head(BODY, CHUNKED, length=None), chunks(BODY)[:-7]], 401, or_own=True, ends=True
    ),
    # What a notification is known by.
    "no webhook headers": Hostile(lambda: [head(signed=False), BODY], 401),
    "a header twice": Hostile(lambda: [head(BODY, "webhook-id: evt_hostile"), BODY], 401),
    "another body": Hostile(lambda: [head(), BODY.replace(b"submitted", b"cancelled")], 401),
    "no signature": Hostile(unsigned(signature=" "), 401),
    "a signature of another version": Hostile(unsigned(signature="v1a,AAAA"), 401),
    "many signatures": Hostile(unsigned(signature="v1,AAAA " * 900), 401),
    "a signature that never ends": Hostile(unsigned(signature="v1," + "A" * 200_000), 401, True),
    "bytes that are no text": Hostile(unsigned(id="\xff\xfe", signature="v1,\xff"), 401),
    "an id with a full stop": Hostile(unsigned(id="evt.hostile"), 401),
    "an id that is too long": Hostile(unsigned(id="e" * 300), 401),
    "a time in other digits": Hostile(unsigned(timestamp="\xb2\xb3"), 401),
    "a time that is no number": Hostile(unsigned(timestamp="nan"), 401),
    "a time of many digits": Hostile(unsigned(timestamp="9" * 5000), 401),
    "an old time": Hostile(unsigned(timestamp="1614265330"), 401),
    "a nought in a header": Hostile(unsigned(id="evt\x00"), 401, or_own=True),
    # What is rightly signed, and no event.
    "nothing": Hostile(lambda: [head(b"")], 202),
    # Around the request.
    "a request within what is refused": Hostile(
        lambda: [head(REQUEST_WITHIN, media_type="text/plain"), REQUEST_WITHIN], 415
    ),
    "hundreds of headers": Hostile(
        lambda: [head(BODY, *[f"x-{n}: y" for n in range(300)], signed=False), BODY], 401, True
    ),
    "a long path": Hostile(
        lambda: [head(signed=False, target="/" + "a" * 9000), BODY], 401, or_own=True
    ),
    "an expectation that nobody meets": Hostile(
        lambda: [head(BODY, "Expect: wonders", signed=False), BODY], 401, or_own=True
    ),
    "a greeting in TLS": Hostile(lambda: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"], 400),
}


def ask(port: int, hostile: Hostile) -> list[int]:
    """Send a request; return the statuses of what comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        said = bytearray()
        with contextlib.suppress(ConnectionError):  # it may have its answer, and be closed
            for piece in hostile.wire():
                connection.sendall(piece)
            if hostile.ends:
                connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(2**16):
                said += piece
    return [int(status) for status in _STATUS.findall(bytes(said)) if status != b"100"]
