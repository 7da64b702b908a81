"""What became of the events for a subscription, and sending them again (contract, section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.relay import Attempt, Filter
from fulfillment_sdk.relay.reports.tries import Tries, is_pending, tries_of
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.paging import Page, as_list
from fulfillment_sdk.server.gateway.subscriptions import recoveries
from fulfillment_sdk.server.gateway.subscriptions.delivery_ids import delivery_id, parse_delivery_id
from fulfillment_sdk.server.gateway.subscriptions.rows import mine
from fulfillment_sdk.times import format_time, parse_time

_Undelivered = Literal["pending", "dead"]
_STATES: Final[dict[str | None, _Undelivered | None]] = {
    None: None,
    "pending": "pending",
    "dead": "dead",
}
_DELIVERED: Final = "delivered"
_NONE: Final = ("", "")  # what a text names that is no delivery's id: nothing that there is
_BUSY_SECONDS: Final = 5


@attrs.frozen(kw_only=True)
class Item:
    """One event and a subscription: what the relay lists of it, before its attempts are known."""

    event_id: str
    type: str
    lane: str
    state: str
    why: str
    due_at: float | None


class SubscriptionDeliveries:
    """``subscriptions/{id}/deliveries/``, ``…/recover/`` and ``deliveries/{id}/replay/``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        one = "subscriptions/{id}/"
        calls = (
            ("GET", f"{one}deliveries/", self.listed),
            ("POST", f"{one}deliveries/{{delivery_id}}/replay/", self.replay),
            ("POST", "deliveries/{delivery_id}/replay/", self.replay),
            ("POST", f"{one}recover/", self.recover),
        )
        return http.routes(prefix, calls)

    async def listed(self, request: Request) -> Response:
        """List a subscription's deliveries with their attempts, the oldest first.

        What has not arrived, or what is in ``?state=``; ``?since=`` leaves out what is older.
        """
        context = self._context
        who = await principal(context, request)
        page, state = Page.of(request), request.query_params.get("state")
        if state != _DELIVERED and state not in _STATES:
            return answers.invalid("state")
        given = request.query_params.get("since")
        since = None if given is None else read_since(given)
        name = request.path_params["id"]
        found = await context.store.read(lambda connection: mine(context, connection, name, who.id))
        if found is None:
            return answers.not_found()
        wanted = Filter(destination=name, owner=who.id, since=since)
        try:
            rows, following = await self._rows(wanted, state, page)
        except ValueError:
            return answers.invalid("after")
        return http.json_response(as_list([shown(name, *row) for row in rows], following))

    async def replay(self, request: Request) -> Response:
        """Send one event to one subscription once more, under its old id: 202.

        Also where it is on its way there already.
        """
        context = self._context
        who = await principal(context, request)
        await answers.read_nothing(request)
        text = request.path_params["delivery_id"]
        name, event_id = parse_delivery_id(text) or _NONE
        wanted = request.path_params.get("id", name)
        found = await context.store.read(
            lambda connection: mine(context, connection, wanted, who.id)
        )
        if found is None or wanted != name:
            return answers.not_found()
        lined_up = await context.relay.replay(name, event_id)
        if not lined_up and not await context.store.read(
            lambda connection: is_pending(connection, name, event_id)
        ):
            return answers.not_found()
        return http.json_response({"id": delivery_id(name, event_id), "state": "pending"}, 202)

    async def recover(self, request: Request) -> Response:
        """Send again what was given up of the events since a time: 202 with their number.

        With ``all`` also what has arrived, for a partner who has lost it. One at a time: another
        call of the same organisation meanwhile is a 429.
        """
        context = self._context
        who = await principal(context, request)
        body = await answers.read_object(request)
        if body.get("since") in (None, ""):
            return answers.missing("since")
        since, everything = read_since(body["since"]), body.get("all", False)
        if not isinstance(everything, bool):
            return answers.invalid("all")
        name = request.path_params["id"]
        found = await context.store.read(lambda connection: mine(context, connection, name, who.id))
        if found is None:
            return answers.not_found()
        async with recoveries.alone(context, who.id) as is_alone:
            if not is_alone:
                return answers.too_many(_BUSY_SECONDS)
            count = await context.relay.replay_many(
                Filter(destination=name, owner=who.id, since=since), dead_only=not everything
            )
        return http.json_response({"replayed": count}, 202)

    async def _rows(
        self, wanted: Filter, state: str | None, page: Page
    ) -> tuple[list[tuple[Item, Sequence[Attempt]]], str | None]:
        context = self._context
        name = wanted.destination or ""
        if state == _DELIVERED:
            made = await context.relay.attempts(
                wanted, outcome="delivered", after=page.after, limit=page.limit
            )
            tries = await context.store.read(
                lambda connection: tries_of(connection, name, {one.event_id for one in made})
            )
            return list(_arrived(made, tries)), made.next
        left = await context.relay.undelivered(
            wanted, state=_STATES[state], after=page.after, limit=page.limit
        )
        tries = await context.store.read(
            lambda connection: tries_of(connection, name, {one.event_id for one in left})
        )
        items = [
            Item(
                event_id=one.event_id,
                type=one.type,
                lane=one.lane,
                state=one.state,
                why=one.why,
                due_at=one.due_at,
            )
            for one in left
        ]
        return [(one, _attempts(tries, one.event_id)) for one in items], left.next


def _attempts(tries: Mapping[str, Tries], event_id: str) -> Sequence[Attempt]:
    known = tries.get(event_id)
    return () if known is None else known.attempts


def _arrived(
    made: Sequence[Attempt], tries: Mapping[str, Tries]
) -> Iterator[tuple[Item, Sequence[Attempt]]]:
    """Each event that arrived, once, however often it was sent: where it did so last."""
    for one in {attempt.event_id: attempt for attempt in made}.values():
        attempts = _attempts(tries, one.event_id)
        last = [other.at for other in attempts if other.outcome == "delivered"][-1:]
        if last in ([], [one.at]) and one.event_id in tries:
            item = Item(
                event_id=one.event_id,
                type=tries[one.event_id].type,
                lane=one.lane,
                state=_DELIVERED,
                why=one.why,
                due_at=None,
            )
            yield item, attempts


def read_since(value: object) -> float:
    """Read a time; raises ``Refused`` with the 400 for what is none."""
    try:
        return parse_time(value if isinstance(value, str) else "").timestamp()
    except PayloadError:
        raise Refused(answers.invalid("since")) from None


def shown(subscription: str, item: Item, attempts: Sequence[Attempt]) -> dict[str, object]:
    """Return a delivery as its owner sees it; a test event is about no case."""
    return {
        "id": delivery_id(subscription, item.event_id),
        "event_id": item.event_id,
        "type": item.type,
        "case_id": None if item.lane == item.event_id else item.lane,
        "state": item.state,
        "why": item.why,
        "attempts": [
            {
                "attempt": one.attempt,
                "at": format_time(one.at),
                "seconds": round(one.seconds, 6),
                "outcome": one.outcome,
                "why": one.why,
            }
            for one in attempts
        ],
        "due_at": None if item.due_at is None else format_time(item.due_at),
    }
