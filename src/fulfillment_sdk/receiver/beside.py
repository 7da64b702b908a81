"""The receiver beside a partner's own application: one path is the receiver's, all others are not.

It stands in front of the framework and not in it, so that nothing of the framework gets between a
notification and its signature: no CSRF check, no login, no limit on bodies, no redirect.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver.asgi import AsgiApp, Message, Receive, Send
from fulfillment_sdk.receiver.wsgi import WsgiApp

logger = logging.getLogger(__name__)

AsgiApplication: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

# What needs no escaping in a URL, and is there as it is written.
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")


class WsgiBeside:
    """Answers one path, with its trailing slash or without, and leaves the others alone.

    Args:
        receiver: answers at the path.
        application: the partner's own.
        at: the path, below the one that the server mounts all of this at.

    Raises:
        ConfigurationError: `at` is no path.
    """

    def __init__(self, receiver: WsgiApp, application: WSGIApplication, *, at: str | None) -> None:
        self._receiver = receiver
        self._application = application
        self._at = _checked(at)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or have it answered."""
        ours = str(environ.get("PATH_INFO", "")).rstrip("/") == self._at
        return (self._receiver if ours else self._application)(environ, start_response)


class AsgiBeside:
    """Answers one path, with its trailing slash or without, and leaves the others alone.

    The receiver runs from when the application has started up to when it is to shut down; where it
    knows nothing of that (as Django does), as long as the server runs.

    Args:
        receiver: answers at the path.
        application: the partner's own.
        at: the path, below the one that the server mounts all of this at.

    Raises:
        ConfigurationError: `at` is no path.
    """

    def __init__(self, receiver: AsgiApp, application: AsgiApplication, *, at: str | None) -> None:
        self._receiver = receiver
        self._application = application
        self._at = _checked(at)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one connection, or have it answered."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http" and self._is_ours(scope):
            await self._receiver(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    def _is_ours(self, scope: Message) -> bool:
        path, root = str(scope["path"]), str(scope.get("root_path") or "").rstrip("/")
        if path.startswith(f"{root}/"):  # the newer servers have it in there
            path = path[len(root) :]
        return path.rstrip("/") == self._at

    async def _lifespan(self, scope: Message, receive: Receive, send: Send) -> None:
        heard: list[Message] = []
        spoke = runs = False

        async def hear() -> Message:
            nonlocal runs
            message = await receive()
            heard.append(message)
            if message["type"] == "lifespan.shutdown":
                runs = False
                await self._receiver.shut_down()
            return message

        async def say(message: Message) -> None:
            nonlocal spoke, runs
            spoke = True
            if message["type"] == "lifespan.startup.complete":
                message = await self._receiver.start_up()
                runs = message["type"] == "lifespan.startup.complete"
            await send(message)

        try:
            await self._application(scope, hear, say)
        except Exception as error:
            if runs:
                await self._receiver.shut_down()
            if spoke:
                raise
            logger.debug("the application has no lifespan: %s", type(error).__name__)
        if runs:  # the application is through, and the server is not
            await hear()
            await send({"type": "lifespan.shutdown.complete"})
        elif not spoke:

            async def hear_again() -> Message:
                return heard.pop(0) if heard else await receive()

            await self._receiver(scope, hear_again, send)


def _checked(at: str | None) -> str:
    if at is None or _PATH.fullmatch(at) is None:
        raise ConfigurationError(
            "The receiver can be mounted at a path only",
            remedy='Write at="/fulfillment/", in letters that a URL has as they are.',
        )
    return at.rstrip("/")
