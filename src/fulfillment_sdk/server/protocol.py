"""HTTP on the socket: uvicorn's protocols, with a bound on a request's head."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

from fulfillment_sdk.server.http import new_request_id

MAX_HEAD = 64 * 1024
"""The longest request line and headers, in bytes."""

LINGER_SECONDS = 2.0
"""How long a refused peer may go on sending before it is cut off."""

_TOO_LONG = (
    "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    "content-length: 0\r\nconnection: close\r\nx-request-id: {}\r\n\r\n"
)


def http_protocol() -> type[asyncio.Protocol]:
    """Return the fastest protocol that is installed; both bound a request's head."""
    if find_spec("httptools") is None:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol  # bounded by `h11_max_incomplete_event_size`
    return _bounded_httptools()


def _bounded_httptools() -> type[asyncio.Protocol]:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class BoundedProtocol(HttpToolsProtocol):
        """Answer 431 to a head that is too long, or does not end: httptools itself reads on."""

        _head = 0
        _in_head = True
        _too_long = False
        _refused = False

        def data_received(self, data: bytes) -> None:
            if self._refused:
                return
            super().data_received(data)
            self._head = self._head + len(data) if self._in_head else 0
            if self._head > MAX_HEAD:
                self._refuse()

        def on_message_begin(self) -> None:
            self._in_head = True
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._in_head = False
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > MAX_HEAD:
                self._too_long = True
                raise ValueError("head too long")  # ends in send_400_response
            super().on_headers_complete()

        def send_400_response(self, msg: str) -> None:
            if self._too_long:
                self._refuse()
            else:
                super().send_400_response(msg)

        def _refuse(self) -> None:
            # Closing at once would reset the connection while the peer still sends, and the peer
            # would never read the answer: so end our side, and throw away the rest of its.
            if self._refused or self.transport.is_closing():
                return
            self._refused = True
            self.transport.write(_TOO_LONG.format(new_request_id()).encode("ascii"))
            self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.close)

    return BoundedProtocol
