"""A subscription as the gateway keeps it: a destination of its relay, and what its owner sees."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.plugins.webhooks.live_secrets import read_secrets
from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.events.notifications import STATUS
from fulfillment_sdk.server.gateway.identity import organizations
from fulfillment_sdk.server.gateway.subscriptions.secrets import old_until
from fulfillment_sdk.times import format_time


def mine(
    context: Context, connection: sa.Connection, name: str, owner: str, *, for_update: bool = False
) -> Destination | None:
    """Return an organisation's subscription; ``None`` for another's just as for one unknown.

    ``for_update``, in a write: nobody else changes it before the commit.
    """
    found = context.relay.get_destination(connection, name, for_update=for_update)
    return found if found is not None and found.owner == owner else None


def hold_active(connection: sa.Connection, organization_id: str) -> None:
    """Hold the organisation until the commit: who is deactivated meanwhile gets nothing begun.

    Raises ``Refused`` with the 403 for one that is not active.
    """
    found = organizations.lock(connection, organization_id)
    if found is None or found.state != "active":
        state = "deactivated" if found is None else found.state
        raise Refused(answers.not_authorized(organizations.DETAILS[state]))


def shown(destination: Destination, *, now: float) -> dict[str, object]:
    """Return a subscription as its owner sees it, which is without the secrets."""
    ends = old_until(read_secrets(destination.settings["secrets"]), now=now)
    return {
        "id": destination.name,
        "url": destination.settings["url"],
        "events": list(destination.types),
        "statuses": list(destination.only.get(STATUS, ())),
        "description": destination.settings["description"],
        "enabled": destination.enabled,
        "disabled_why": None if destination.enabled else destination.disabled_why,
        "old_secret_expires_at": None if ends is None else format_time(ends),
        "created_at": format_time(destination.created_at or 0.0),
    }
