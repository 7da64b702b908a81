"""Whether the storage keys at hand are those of this database."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.schema import destinations
from fulfillment_sdk.relay.tables.destination_rows import settings_of
from fulfillment_sdk.store.sealing import Sealer

_SAMPLE = 8  # destinations whose settings show whether the storage keys are the right ones


def check_keys(connection: sa.Connection, sealer: Sealer) -> None:
    """Make sure that the storage keys are those of this database, by what is in there already.

    Who has others must not declare anything: what they seal is unreadable to all other hosts.

    Raises:
        StoreError: the keys open none of the oldest destinations' settings.
    """
    columns = destinations.c
    oldest = sa.select(columns.name, columns.settings).order_by(columns.no).limit(_SAMPLE)
    failure: StoreError | None = None
    for name, settings in connection.execute(oldest):
        try:
            sealer.open(settings, settings_of(name))
        except StoreError as error:  # this one may be damaged, or its key retired
            failure = failure or error
        else:
            return
    if failure is not None:
        raise failure
