"""uvicorn's fast protocol, with bounds on what a peer may do to it."""

from __future__ import annotations

import sys

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fulfillment_sdk.server.connections.guarded import MAX_HEAD, Guarded
from fulfillment_sdk.server.connections.patience import Stage


class BoundedHttpTools(Guarded, HttpToolsProtocol):
    """Bounded in its head and trailers here: httptools itself reads on and on.

    ``_lines`` counts what came in pieces in which no message got on: neither began, nor had any of
    its body, nor ended. That is the middle of a head, of trailers, or of a chunk's extensions. A
    piece that has nothing but the beginning of a head (``_begins``) counts too.
    """

    parser: httptools.HttpRequestParser

    _lines = 0
    _gets_on = False
    _begins = False
    _in_head = True
    _in_body = False
    _too_long = False
    _upgrades = False
    _piece = b""
    _again = b""

    def data_received(self, data: bytes) -> None:
        """Read on, but no head or trailers without end."""
        self._gets_on = self._begins = False
        self._piece = data
        super().data_received(data)
        while self._again:
            self._piece, self._again = self._again, b""
            HttpToolsProtocol.data_received(self, self._piece)
        self._piece = b""
        if self._gets_on:
            self._lines = len(data) if self._begins else 0
        else:
            self._lines += len(data)
        if self._lines > MAX_HEAD:
            self.refuse("long")

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._begins = not self._gets_on
        self._in_head = self._gets_on = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but none of the trailers: no header may come after all who look."""
        if self._in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._gets_on = True
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Have the request served, unless its head is too long."""
        self._in_head = self._begins = False
        self._gets_on = True
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEAD:
            self._too_long = True
            raise ValueError("head too long")  # ends in send_400_response
        self._upgrades = self.parser.should_upgrade()
        if self._upgrades:
            return
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        self._in_body = False
        self._gets_on = True
        if not self._upgrades:
            super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Read a request that asks for another protocol as if it did not (RFC 9110, 7.8).

        Called while the parser's exception is handled, which says where it has stopped: behind the
        head, as if no body followed. Java's client asks for HTTP/2 like this in every request.
        """
        stopped = sys.exception()
        assert isinstance(stopped, httptools.HttpParserUpgrade)
        rest = self._piece[stopped.args[0] :]
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.refuse("malformed")
            return
        head = [method + b" " + self.url + b" HTTP/" + self.parser.get_http_version().encode()]
        head += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._again = b"\r\n".join((*head, b"", rest))

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not read; uvicorn's own words are not told."""
        self.refuse("long" if self._too_long else "malformed")

    def is_awaited(self) -> bool:
        """Whether the next answer here is the one to what comes in now."""
        if self.pipeline:
            return False
        return super().is_awaited() and self._in_body != self._is_answered()

    def stage(self) -> Stage:
        """Say what this connection is at."""
        if self.cycle is None or self._in_head:
            return self._before()
        answered = self._is_answered()
        if self._in_body:
            return "rest" if answered else "body"
        return "idle" if answered else "answer"

    def _before(self) -> Stage:
        # A request that came before the last one was answered waits for that.
        return "head" if self._is_answered() else "answer"
