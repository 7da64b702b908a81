"""A relay's destinations as they are put in, changed and taken out at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.relay.tables import registry
from fulfillment_sdk.relay.tables.key_check import check_keys
from fulfillment_sdk.relay.values import Destination, Sink
from fulfillment_sdk.store import Store


class Destinations:
    """The part of a relay that knows where events go.

    Each call belongs into a `write` or a `read` of the relay's store, and joins that transaction.
    Where the database fails, the future of that is a `StoreUnavailable`.
    """

    store: Store

    def put_destination(self, connection: sa.Connection, destination: Destination) -> Destination:
        """Add a destination, or change the one of that name; return it as it is kept.

        Raises:
            ConfigurationError: the one of that name belongs to another owner.
        """
        self._tell(connection)  # one that was enabled again may have lanes due
        now = self.store.now(connection)
        return registry.put(connection, self.store.sealer, destination, now=now).destination

    def remove_destination(self, connection: sa.Connection, name: str) -> bool:
        """Take a destination out with what is pending for it; False if there was none."""
        return registry.remove(connection, name)

    def get_destination(
        self, connection: sa.Connection, name: str, *, for_update: bool = False
    ) -> Destination | None:
        """Return the destination of that name, None if there is none.

        Args:
            connection: of the caller's transaction.
            name: the destination's.
            for_update: hold it until the transaction ends, so that what somebody else changes
                meanwhile is not lost when it is put back. Only in a `write`.

        Raises:
            StoreError: its settings can't be opened with the storage keys that are here.
        """
        found = registry.get(connection, self.store.sealer, name, for_update=for_update)
        return None if found is None else found.destination

    def list_destinations(
        self, connection: sa.Connection, owner: str | None = None
    ) -> list[Destination]:
        """Return the destinations of an owner, or all, oldest first.

        Raises:
            StoreError: the settings of one can't be opened with the storage keys that are here.
        """
        found = registry.of_owner(connection, self.store.sealer, owner)
        return [one.destination for one in found]

    def disable_owner(self, connection: sa.Connection, owner: str, why: str) -> None:
        """Send nothing to an owner's destinations until `enable_owner`; events are kept."""
        registry.disable_owner(connection, owner, why)

    def enable_owner(self, connection: sa.Connection, owner: str, why: str) -> None:
        """Go on with those of an owner's destinations that were disabled for this cause."""
        self._tell(connection)  # what was kept for them is due
        registry.enable_owner(connection, owner, why)

    def _tell(self, connection: sa.Connection) -> None:
        """Have the dispatchers look once this transaction is committed."""
        raise TypeError(f"{type(self).__name__} must say how")


def check(destinations: Sequence[Destination], sinks: Mapping[str, Sink]) -> None:
    """Check what a host declares.

    Raises:
        ConfigurationError: two destinations share a name, or one names a sink that is not there.
    """
    names = [one.name for one in destinations]
    for one in destinations:
        if names.count(one.name) > 1:
            raise ConfigurationError(f"Two destinations are called {one.name!r}")
        if one.sink not in sinks:
            raise ConfigurationError(
                f"Destination {one.name!r} wants a sink of kind {one.sink!r}, which is not there",
                remedy=f"Known kinds: {', '.join(sorted(sinks)) or 'none'}.",
            )


def declare(store: Store, destinations: Sequence[Destination], *, only_new: bool) -> None:
    """Put in what a host declares, if its storage keys are those of the database.

    Args:
        store: the relay's.
        destinations: the host's.
        only_new: whether those that are there already stay as they are.

    Raises:
        StoreError: the keys are not those of the destinations in there.
        StoreUnavailable: the database can't be used.
    """
    if not destinations:
        return
    store.read(lambda c: check_keys(c, store.sealer)).result()
    put = registry.declare_new if only_new else registry.declare
    store.write(
        lambda c: [put(c, store.sealer, one, now=store.clock()) for one in destinations]
    ).result()
