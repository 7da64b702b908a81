"""Routes: which destinations want an event, looked up once for a whole batch."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Iterable

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.tables.rows import Query

EVERYBODY = ""  # the owner of destinations that get every owner's events
_KNOWN_TEXTS = 4096


@attrs.frozen
class Route:
    """Where an event goes, as far as accepting it needs to know."""

    no: int
    ordering: str
    first_delay: float
    types: frozenset[str]
    enabled: bool

    def takes(self, event_type: str) -> bool:
        """Tell whether the destination wants events of this type."""
        return not self.types or event_type in self.types


@attrs.frozen
class Routes:
    """The routes of a few owners, in order of the destinations' numbers."""

    _by_owner: dict[str, list[Route]]
    _found: dict[tuple[str, str], list[Route]] = attrs.field(init=False, factory=dict)

    @classmethod
    def of(cls, connection: sa.Connection, owners: Iterable[str]) -> Routes:
        """Look the owners' routes up, and those of everybody.

        On a server the destinations stay where they are until the caller's transaction ends (as a
        foreign key would hold them): one that is removed meanwhile would leave its lanes behind.
        """
        rows = _ROUTES.run(connection, [(one,) for one in sorted({EVERYBODY, *owners})])
        by_owner: defaultdict[str, list[Route]] = defaultdict(list)
        for no, owner, ordering, policy, types, enabled in sorted(rows, key=lambda row: row[0]):
            by_owner[owner].append(
                Route(no, ordering, _first_delay(policy), _types(types), bool(enabled))
            )
        return cls(dict(by_owner))

    def to(self, event_type: str, owner: str) -> list[Route]:
        """Return the routes that an event of this type and owner takes."""
        found = self._found.get((event_type, owner))
        if found is None:
            owners = dict.fromkeys((EVERYBODY, owner))
            found = [
                route
                for one in owners
                for route in self._by_owner.get(one, [])
                if route.takes(event_type)
            ]
            self._found[event_type, owner] = found
        return found


@functools.lru_cache(maxsize=_KNOWN_TEXTS)
def _first_delay(policy: str) -> float:
    return float(json.loads(policy)["schedule"][0])


@functools.lru_cache(maxsize=_KNOWN_TEXTS)
def _types(types: str) -> frozenset[str]:
    return frozenset(json.loads(types))


# The texts as they are stored: each is parsed once, and not once per batch.
_ROUTES = Query(
    {"owner": "text"},
    """
    SELECT d.no, d.owner, d.ordering, CAST(d.policy AS TEXT), CAST(d.types AS TEXT),
        d.enabled
    FROM given CROSS JOIN relay_destinations AS d WHERE d.owner = given.owner
    """,
    locking="FOR KEY SHARE OF d",
)
