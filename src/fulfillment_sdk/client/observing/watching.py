"""One request as plugins see it: they are told before and after, each alone, and change nothing.

Nothing here sends or waits, so that any shell can send inside of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import MappingProxyType, TracebackType
from typing import Final, Self

from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import NoAnswer
from fulfillment_sdk.client.observing.routes import route, shown
from fulfillment_sdk.client.observing.telling import telling
from fulfillment_sdk.errors import (
    APIError,
    ConnectionFailed,
    SentRequest,
    ServerResponse,
    TransportError,
)
from fulfillment_sdk.hooks.calling import observe
from fulfillment_sdk.hooks.facts import ErrorFacts, RequestFacts, ResponseFacts
from fulfillment_sdk.hooks.plugin import Plugin

BEFORE: Final = "fulfillment_before_request"
AFTER: Final = "fulfillment_after_response"


class Watch:
    """Tells `plugins` of the request that is sent inside of its `with` block."""

    def __init__(
        self, plugins: Sequence[Plugin], request: Request, origin: str, clock: Callable[[], float]
    ) -> None:
        facts = {
            bodies: request_facts(request, origin, bodies=bodies)
            for bodies in {plugin.wants_bodies for plugin in plugins}
        }
        self._plugins = [(plugin, facts[plugin.wants_bodies]) for plugin in plugins]
        self._told: list[tuple[Plugin, RequestFacts]] = []
        self._clock = clock
        self._started = 0.0
        self._ended: float | None = None
        self._answer: Answer | None = None
        self._whole = False

    def __enter__(self) -> Self:
        try:
            for plugin, request in self._plugins:
                self._told.append((plugin, request))
                with telling():
                    observe(plugin, BEFORE, request=request)
        except (
            BaseException
        ) as error:  # an interruption: whoever was told of a beginning, of it too
            self._started = self._clock()
            self.__exit__(type(error), error, error.__traceback__)
            raise
        self._started = self._clock()
        return self

    def began(self, head: Answer) -> None:
        """Take note of an answer whose body is still to come."""
        self._answer = head

    def ended(self, answer: Answer) -> None:
        """Take note of the whole answer, and of the time."""
        self._answer, self._whole = answer, True
        self._ended = self._clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ended = self._clock() if self._ended is None else self._ended
        failed = None if error is None else error_facts(error)
        with ExitStack() as rest:  # which tells the others also where one is interrupted
            for plugin, request in reversed(self._told):
                rest.callback(self._tell_end, plugin, request, ended - self._started, failed)

    def _tell_end(
        self, plugin: Plugin, request: RequestFacts, seconds: float, failed: ErrorFacts | None
    ) -> None:
        response = self._response(bodies=plugin.wants_bodies)
        with telling():
            observe(
                plugin, AFTER, request=request, response=response, seconds=seconds, error=failed
            )

    def _response(self, *, bodies: bool) -> ResponseFacts | None:
        answer = self._answer
        if answer is None:
            return None
        head = ServerResponse(answer.status, answer.headers)
        read = len(answer.body) if self._whole and answer.body else None
        return ResponseFacts(
            status=head.status,
            headers=MappingProxyType(dict(head.headers)),
            size=read if answer.length is None else answer.length,
            body=(answer.body or None) if bodies and self._whole else None,
        )


def request_facts(request: Request, origin: str, *, bodies: bool) -> RequestFacts:
    """What one plugin is told of a request to `origin`; `bodies`: whether it asked for them."""
    sent = SentRequest(request.method, origin + shown(request.path), request.headers)
    length = len(request.body or b"") if request.upload is None else request.upload.length
    return RequestFacts(
        method=sent.method,
        url=sent.url,
        route=route(request.path),
        attempt=request.number,
        headers=MappingProxyType({name.lower(): text for name, text in sent.headers.items()}),
        size=length,
        body=request.body if bodies else None,
    )


def error_facts(error: BaseException) -> ErrorFacts:
    """What plugins are told of an error: never its words, which may repeat a server's."""
    if isinstance(error, NoAnswer):
        kind = TransportError if error.sent else ConnectionFailed
        return ErrorFacts(kind=kind.__name__, why=error.why)
    why = f"status {error.status}" if isinstance(error, APIError) else ""
    return ErrorFacts(kind=type(error).__name__, why=why)
