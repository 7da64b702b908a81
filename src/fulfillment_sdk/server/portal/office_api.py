"""Staff's endpoints for workers, staff tokens and deliveries (contract, section 7)."""

from __future__ import annotations

from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from fulfillment_sdk.lifecycle import Actor
from fulfillment_sdk.server.http import json_response
from fulfillment_sdk.server.portal import bodies, decide, notify, staff, views, workers
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.door import json_body, page, page_size, path_id
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.portal.staff import Member

DELIVERED: Final = "delivered"
UNDELIVERED: Final[dict[str, Literal["pending", "dead"]]] = {"pending": "pending", "dead": "dead"}


async def list_workers(desk: Desk, request: Request, _member: Member) -> Response:
    """``GET workers/``: in the order they were entered."""
    after, limit = page(request)
    found = await desk.store.read(
        lambda connection: workers.page(desk, connection, after=after, limit=limit + 1)
    )
    return json_response(views.listed(found, views.worker, limit=limit))


async def add_worker(desk: Desk, request: Request, member: Member) -> Response:
    """``POST workers/ {"name", "email"?, "phone"?, "location"?}``: 201 with the worker."""
    decide.allow(member.role, Actor.OPS)
    asked = bodies.worker(await json_body(request))
    added = await desk.store.write(
        lambda connection: workers.add(
            desk,
            connection,
            name=asked.name,
            email=asked.email,
            phone=asked.phone,
            location=asked.location,
        )
    )
    return json_response(views.worker(added), 201)


async def list_staff(desk: Desk, request: Request, member: Member) -> Response:
    """``GET staff/``: an admin sees who holds which role, and no token."""
    decide.allow(member.role)
    after, limit = page(request)
    found = await desk.store.read(
        lambda connection: staff.page(desk, connection, after=after, limit=limit + 1)
    )
    return json_response(views.listed(found, views.member, limit=limit))


async def add_staff(desk: Desk, request: Request, member: Member) -> Response:
    """``POST staff/ {"name", "role"}``: 201 with the token, which is shown this once."""
    decide.allow(member.role)
    asked = bodies.member(await json_body(request))
    entry, token = await desk.store.write(
        lambda connection: staff.add(desk, connection, name=asked.name, role=asked.role)
    )
    shown = views.member(entry) | {"token": token}
    return json_response(shown, 201, {"Cache-Control": "no-store"})


async def revoke_staff(desk: Desk, request: Request, member: Member) -> Response:
    """``DELETE staff/{id}/``: the token stops at once."""
    decide.allow(member.role)
    staff_id = path_id(request, "staff_id")
    entry = await desk.store.write(lambda connection: staff.revoke(desk, connection, staff_id))
    if entry is None:
        raise not_found()
    return json_response(views.member(entry))


async def list_deliveries(desk: Desk, request: Request, _member: Member) -> Response:
    """``GET deliveries/?state=pending|delivered|dead``: notifications on their way to the gateway.

    Without a state, those that are not delivered.
    """
    state = request.query_params.get("state")
    after, limit = request.query_params.get("after") or None, page_size(request)
    try:
        if state == DELIVERED:
            made = await desk.relay.attempts(outcome=DELIVERED, after=after, limit=limit)
            shown = {"items": [views.delivered(one) for one in made], "next": made.next}
        elif not state or state in UNDELIVERED:
            wanted = UNDELIVERED[state] if state else None
            waiting = await desk.relay.undelivered(state=wanted, after=after, limit=limit)
            shown = {"items": [views.undelivered(one) for one in waiting], "next": waiting.next}
        else:
            raise Refusal(400, "Invalid value for field: state")
    except ValueError:
        raise Refusal(400, "Invalid value for field: after") from None
    return json_response(shown)


async def replay(desk: Desk, request: Request, member: Member) -> Response:
    """``POST deliveries/{id}/replay/``: 202, and the notification goes out once more."""
    decide.allow(member.role, Actor.OPS)
    event_id = path_id(request, "event_id")
    if not await desk.relay.replay(notify.NAME, event_id):
        raise not_found()
    return json_response({"id": event_id, "state": "pending"}, 202)
