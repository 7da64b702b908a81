"""The receiver as a WSGI application (PEP 3333)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

from fulfillment_sdk.notifications import MAX_BODY
from fulfillment_sdk.receiver.handler import Handler
from fulfillment_sdk.receiver.reply import TOO_LARGE, Reply, refuse_head

_CHUNK = 65536
_DIGITS = re.compile(r"[0-9]{1,18}")


class WsgiApp:
    """Hands each request to the receiver; the first in a process starts its dispatcher."""

    def __init__(self, receiver: Handler) -> None:
        self.receiver = receiver

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        method = str(environ["REQUEST_METHOD"])
        reply = self._answer(method, environ)
        start_response(reply.line, list(reply.headers))
        return [] if method == "HEAD" else [reply.body]

    def _answer(self, method: str, environ: WSGIEnvironment) -> Reply:
        headers = read_headers(environ)
        refused = refuse_head(method, headers)
        if refused is not None:
            self.receiver.ensure_started()
            if refused is not TOO_LARGE:
                for _ in read_chunks(environ):
                    pass  # a server that closes on what is unread takes its answer back with it
            return refused
        return self.receiver.handle(method, headers, read_body(environ))


def read_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the request's headers from a WSGI environment, names in lower case."""
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return headers


def read_body(environ: WSGIEnvironment) -> bytes:
    """Read the request's body, at most one byte more than 16 MiB.

    One that breaks off before its `Content-Length` counts as empty: no signature will match it.
    """
    body = b"".join(read_chunks(environ))
    return body if len(body) >= min(_length(environ), MAX_BODY) else b""


def read_chunks(environ: WSGIEnvironment) -> Iterator[bytes]:
    """Read the request's body piece by piece, up to one byte more than 16 MiB.

    Without a `Content-Length` (a chunked body) it is read to its end where the server says that it
    ends it, by `wsgi.input_terminated`; elsewhere reading might never return, and the body counts
    as empty.
    """
    stream: InputStream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        wanted = MAX_BODY + 1
    else:
        wanted = min(_length(environ), MAX_BODY + 1)
    try:
        while wanted > 0 and (chunk := stream.read(min(wanted, _CHUNK))):
            yield chunk
            wanted -= len(chunk)
    except Exception:  # noqa: BLE001 - servers have errors of their own for what breaks off
        return


def _length(environ: WSGIEnvironment) -> int:
    said = str(environ.get("CONTENT_LENGTH") or "")
    return int(said) if _DIGITS.fullmatch(said) else 0
