"""The line from the gateway to a partner: a subscription, the proxy, and the partner's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

from fulfillment_sdk.testing.partner.application import Elsewhere, OwnReceiver
from fulfillment_sdk.testing.partner.arrivals import Arrival, Received
from fulfillment_sdk.testing.partner.faults import Faults
from fulfillment_sdk.testing.partner.proxy import Answer, Proxy, Request, listening
from fulfillment_sdk.testing.partner.server import PartnerServer


@attrs.frozen
class Link:
    """What a test has of it."""

    received: Received
    faults: Faults
    end: OwnReceiver | Elsewhere


@contextmanager
def connected(
    server: PartnerServer, end: OwnReceiver | Elsewhere, *, secret: str
) -> Iterator[Link]:
    """Subscribe the partner's end, by way of the proxy, for as long as the block runs."""
    subscription = ""

    def rotate() -> str:
        return server.client.subscriptions.rotate_secret(subscription).secret

    faults = Faults(rotate)
    if isinstance(end, OwnReceiver):
        end.start(secret)
    try:
        with listening(Proxy(faults, _noting(end))) as address:
            created = server.client.subscriptions.create(url=address, secret=secret)
            subscription = created.id
            yield Link(end.received, faults, end)
            # The gateway must not try for hours what nobody will answer any more.
            server.client.subscriptions.delete(subscription)
    finally:
        end.stop()


def _noting(end: OwnReceiver | Elsewhere) -> Callable[[Request], Answer]:
    def forward(request: Request) -> Answer:
        answer = end.forward(request)
        known = {name.lower(): text for name, text in request.headers.items()}
        end.received.note(
            Arrival(known.get("webhook-id", ""), request.case_id, request.status, answer.status)
        )
        return answer

    return forward
