"""What every answer tells a browser: to show nothing of it, keep nothing of it, guess nothing."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    # Nearly all of it is about persons; what anybody may keep says so itself.
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""Added to an answer that doesn't have them."""

TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
"""For a year, browsers don't try this host without TLS."""

LINES: Final = b"".join(name + b": " + value + b"\r\n" for name, value in HEADERS)
"""The same for what is answered before there is a request."""


class SecurityHeaders:
    """Adds the headers to every answer, and ``https`` says whether partners come over TLS.

    An answer's own headers stay: a page has a policy of its own, a download is kept from running.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = (*HEADERS, TRANSPORT) if https else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                names = {name.lower() for name, _ in own}
                added = [pair for pair in self._headers if pair[0] not in names]
                message = {**message, "headers": own + added}
            await send(message)

        await self._app(scope, receive, send_with_headers)
