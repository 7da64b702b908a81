"""``GET /openapi.json``: what this gateway offers to partners, for their tools."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk import strictjson
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.context import Context

PATH: Final = "/openapi.json"
_HEADERS: Final = {"Cache-Control": "public, max-age=300"}


class ApiDocument:
    """The document, made when it is first asked for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._body: bytes | None = None

    def routes(self) -> list[Route]:
        """Return the call's route."""
        return [Route(PATH, self.show, methods=["GET"], name="api-document")]

    async def show(self, request: Request) -> Response:
        """Return the document; it names this gateway as the server."""
        context = self._context
        wait = context.traffic.stranger(request, context.clock())
        if wait is not None:
            return answers.too_many(wait)
        if self._body is None:
            self._body = await asyncio.to_thread(_made, context.settings.public_url)
        return Response(self._body, headers=_HEADERS, media_type="application/json")


def _made(url: str) -> bytes:
    # Many gateways are never asked for it.
    from fulfillment_sdk.server.openapi import document

    return strictjson.dumps(document(url))
