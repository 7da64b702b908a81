"""``events/``: what was sent to an organisation, in order, once more (contract, section 5)."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Final

from attrs import frozen
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk import strictjson
from fulfillment_sdk.relay import FeedPage
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.events.watch import Waiter
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.paging import Page

LONGEST_WAIT: Final = 25.0
"""Seconds: less than the half minute after which many proxies give up."""

_SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?", re.ASCII)
_RETRY_AFTER = 1


@frozen
class Asked:
    """What of the feed is wanted, and for how many seconds it may be waited for."""

    page: Page
    case_id: str | None
    wait: float

    @classmethod
    def of(cls, request: Request) -> Asked:
        """Read a request; raises ``Refused`` with the 400 that names what can't be used.

        An empty ``case_id`` is refused, not left out: all events would be taken for a case's.
        """
        case_ids = request.query_params.getlist("case_id")
        if len(case_ids) > 1 or any(not one.strip() or "\0" in one for one in case_ids):
            raise Refused(answers.invalid("case_id"))
        wait = request.query_params.get("wait", "0")
        if not _SECONDS.fullmatch(wait) or float(wait) > LONGEST_WAIT:
            raise Refused(answers.invalid("wait"))
        return cls(Page.of(request), case_ids[0] if case_ids else None, float(wait))


class EventsFeed:
    """``GET events/``, which also serves who has no address to be notified at."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the call's routes under ``prefix``."""
        return http.with_and_without_slash(f"{prefix}/events/", self.show, ["GET"], "events")

    async def show(self, request: Request) -> Response:
        """Return the organisation's events behind a cursor, as soon as there are any.

        200 with ``events`` and ``next``, also where nothing came in time; 400; 429 where it would
        have to wait, and as many calls as may be do so already.
        """
        context = self._context
        who = await principal(context, request)
        asked = Asked.of(request)
        page = await self._read(who.id, asked)
        if page.events or not asked.wait:
            return shown(page)
        with context.feed_watch.waiter(who.id, page.end) as waiter:
            if waiter is None:
                return answers.too_many(_RETRY_AFTER)
            return shown(await self._awaited(request, who.id, asked, waiter))

    async def _awaited(
        self, request: Request, owner: str, asked: Asked, waiter: Waiter
    ) -> FeedPage:
        """Return the first page with anything on it, or an empty one when the time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + asked.wait
        gone = asyncio.create_task(_has_gone(request))
        try:
            while True:
                woken = asyncio.create_task(waiter.woken.wait())
                left = max(0.0, deadline - loop.time())
                await asyncio.wait({woken, gone}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                if gone.done():
                    raise ClientDisconnect
                # Who was shut out meanwhile gets nothing that came since.
                await principal(self._context, request, counted=False)
                waiter.woken.clear()
                page = await self._read(owner, asked)
                waiter.known = page.end
                over = self._context.feed_watch.is_over or loop.time() >= deadline
                if page.events or over:
                    return page
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone

    async def _read(self, owner: str, asked: Asked) -> FeedPage:
        try:
            return await self._context.relay.feed(
                owner, after=asked.page.after, lane=asked.case_id, limit=asked.page.limit
            )
        except ValueError:  # all else was looked at before
            raise Refused(answers.invalid("after")) from None


def shown(page: FeedPage) -> Response:
    """Answer a page: the bodies byte for byte as they were accepted, and so as they were sent."""
    bodies = b",".join(event.body for event in page.events)
    body = b'{"events":[' + bodies + b'],"next":' + strictjson.dumps(page.next) + b"}"
    return Response(
        body, media_type="application/json", headers={"Cache-Control": "private, no-store"}
    )


async def _has_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
