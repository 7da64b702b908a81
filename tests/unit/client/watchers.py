"""Plugins for tests: they write down what they are told, or fail."""

from __future__ import annotations

from typing import Any

import attrs

from fulfillment_sdk.plugins import ErrorFacts, RequestFacts, ResponseFacts, hookimpl


@attrs.frozen
class Told:
    """What a plugin was told after a request."""

    request: RequestFacts
    response: ResponseFacts | None
    seconds: float
    error: ErrorFacts | None


@attrs.define(eq=False)
class Watcher:
    """Writes down everything."""

    name: str = "watcher"
    wants_bodies: bool = False
    before: list[RequestFacts] = attrs.field(factory=list)
    after: list[Told] = attrs.field(factory=list)

    @hookimpl
    def fulfillment_before_request(self, request: RequestFacts) -> None:
        self.before.append(request)

    @hookimpl
    def fulfillment_after_response(
        self,
        request: RequestFacts,
        response: ResponseFacts | None,
        seconds: float,
        error: ErrorFacts | None,
    ) -> None:
        self.after.append(Told(request, response, seconds, error))

    def statuses(self) -> list[int | None]:
        return [told.response.status if told.response else None for told in self.after]


class Failing:
    """Fails in both hooks, in words that nobody may read."""

    name = "failing"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    @hookimpl
    def fulfillment_before_request(self) -> None:
        raise self.error

    @hookimpl
    def fulfillment_after_response(self) -> None:
        raise self.error


class ReceiversOwn:
    """Has no hook that a client calls."""

    name = "receivers-own"

    @hookimpl
    def fulfillment_status_changed(self, event: Any) -> None: ...
