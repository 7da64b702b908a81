"""Whether the storage keys at hand are those of this database, by what is in there already."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.tables.key_check import check_keys as check_destinations
from fulfillment_sdk.server.gateway.identity import organizations
from fulfillment_sdk.store import Sealer

_SAMPLE = 8  # addresses that show whether the storage keys are the right ones


def check_keys(connection: sa.Connection, sealer: Sealer) -> None:
    """Make sure that the storage keys are those of this database.

    Whoever has others would seal what nobody else can read, and read nothing of what is there.
    Raises ``StoreError`` where they open none of the oldest addresses or subscriptions.
    """
    check_destinations(connection, sealer)
    failure: StoreError | None = None
    for email_id, sealed in organizations.oldest_sealed(connection, limit=_SAMPLE):
        try:
            sealer.open(sealed, organizations.sealed_for(email_id))
        except StoreError as error:  # this one may be damaged, or its key retired
            failure = failure or error
        else:
            return
    if failure is not None:
        raise failure
