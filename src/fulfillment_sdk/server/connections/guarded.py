"""What a peer may do to a connection, whichever of uvicorn's protocols reads it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fulfillment_sdk.server.connections.patience import End, Patience, Sight, Stage, verdict
from fulfillment_sdk.server.connections.places import Places
from fulfillment_sdk.server.http import new_request_id
from fulfillment_sdk.server.security_headers import LINES

MAX_HEAD: Final = 64 * 1024
"""The longest request line and headers, in bytes."""

LINGER_SECONDS: Final = 2.0
"""How long a refused peer may go on sending before it is cut off."""

_ANSWERS: Final = {
    "malformed": (b"400 Bad Request", b"Invalid HTTP request", b""),
    "slow": (b"408 Request Timeout", b"The request took too long", b""),
    "long": (b"431 Request Header Fields Too Large", b"Request head too large", b""),
    "full": (b"503 Service Unavailable", b"Too many connections", b"retry-after: 5\r\n"),
}


def refusal(why: str) -> bytes:
    """Return the whole answer to a peer with which no more is spoken: a key of ``_ANSWERS``."""
    status, message, headers = _ANSWERS[why]
    body = b'{"error":"%s"}' % message
    return (
        b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
        b"connection: close\r\nx-request-id: %s\r\n%s%s\r\n%s"
    ) % (status, len(body), new_request_id().encode("ascii"), headers, LINES, body)


class Guarded:
    """Cuts off whom waiting is not worth: mixed into a protocol of uvicorn's, which it knows well.

    All connections of one server are looked at together, ``Patience.look`` seconds apart, and a
    request costs nothing for it but the counting of its bytes. ``stage`` is the protocol's own.
    """

    patience: Patience
    places: Places
    guarded: set[Guarded]
    looking: list[asyncio.TimerHandle]

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    client: tuple[str, int] | None
    flow: Any
    cycle: Any

    _host = ""
    _refused = False
    _silent = True
    _came = 0
    _at: tuple[Stage, int] | None = None
    _since = _window = 0.0
    _unread: float | None = None
    _left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, or refuse one too many."""
        super().connection_made(transport)  # type: ignore[misc]
        self.guarded.add(self)
        self._host = self.client[0] if self.client else ""
        place = self.places.take(self._host)
        if place == "none":
            self.transport.abort()
        elif place == "full":
            self.refuse("full")
        if not self.looking:
            self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self.guarded.discard(self)
        self.places.give_back(self._host)
        super().connection_lost(exc)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """Read on, unless the peer has been refused."""
        if not self._refused:
            self._silent = False
            self._came += len(data)
            super().data_received(data)  # type: ignore[misc]

    def resume_writing(self) -> None:
        """Go on with an answer."""
        self._unread = None  # it has taken most of what lay there
        super().resume_writing()  # type: ignore[misc]

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; uvicorn's own words are not told."""
        self.refuse("malformed")

    def refuse(self, why: str) -> None:
        """Answer, and let the peer read that: closing at once would reset the connection.

        It may still be sending; the rest of that is thrown away. Nothing is said where it would
        be taken for the answer to something else, or for a part of that.
        """
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if not self.is_awaited():
            self.transport.abort()
            return
        self.transport.write(refusal(why))
        self._forget()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self._let_go)

    def stage(self) -> Stage:
        """Say what this connection is at."""
        raise NotImplementedError

    def is_awaited(self) -> bool:
        """Whether the next answer here is the one to what comes in now."""
        return self.cycle is None or not self.cycle.response_started or self._is_answered()

    def end(self, how: End) -> None:
        """End this connection."""
        if how == "abort":
            self.transport.abort()
        elif how == "close" or self._silent:
            self.transport.close()
        else:
            self.refuse("slow")

    def sight(self, now: float) -> Sight:
        """Return what is seen of this connection, and note it for the next time."""
        at = (self.stage(), id(self.cycle))
        if at != self._at:
            self._at, self._since = at, now
            self._window, self._came = now, 0
        left = self.transport.get_write_buffer_size()
        if not left:
            self._unread = None
        elif self._unread is None or self._left - left >= self.patience.unread_bytes:
            self._unread, self._left = now, left
        self._left = max(self._left, left)
        return Sight(
            stage=at[0],
            since=now - self._since,
            window=now - self._window,
            came=self._came,
            unread=None if self._unread is None else now - self._unread,
            held=self.flow.read_paused or _is_to_continue(self.cycle),
        )

    def _is_answered(self) -> bool:
        """Whether the newest request, if there was one, has its whole answer."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def _forget(self) -> None:
        """Tell the application, if one is at it, that nobody is there any more."""
        if not self._is_answered():
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _let_go(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _look_later(self) -> None:
        self.looking[:] = [self.loop.call_later(self.patience.look, self._look)]

    def _look(self) -> None:
        """Look at all connections. The timer is theirs together: whoever began it may be gone."""
        now = self.loop.time()
        for one in list(self.guarded):
            seen = one.sight(now)
            how = None if one._refused else verdict(seen, self.patience)
            if how is not None:
                one.end(how)
            elif seen.window >= self.patience.body_window:
                one._window, one._came = now, 0
        self.looking.clear()
        if self.guarded:
            self._look_later()


def _is_to_continue(cycle: Any) -> bool:
    """Whether the peer was not yet told to send its body."""
    return cycle is not None and cycle.waiting_for_100_continue
