"""Routes: which destinations want an event, looked up once for a whole batch."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.tables.rows import Query
from fulfillment_sdk.relay.values import Event

EVERYBODY = ""  # the owner of destinations that get every owner's events
_KNOWN_TEXTS = 4096

Only = tuple[tuple[str, frozenset[str]], ...]


@attrs.frozen
class Route:
    """Where an event goes, as far as accepting it needs to know."""

    no: int
    name: str
    ordering: str
    first_delay: float
    types: frozenset[str]
    only: Only
    enabled: bool

    def takes(self, event_type: str) -> bool:
        """Tell whether the destination wants events of this type."""
        return not self.types or event_type in self.types

    def agrees(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it wants events with these labels."""
        return all(labels.get(name) in values for name, values in self.only)


@attrs.frozen
class Routes:
    """The routes of a few owners, in order of the destinations' numbers."""

    _by_owner: dict[str, list[Route]]
    _found: dict[tuple[str, str], list[Route]] = attrs.field(init=False, factory=dict)
    _picky: bool = attrs.field(init=False)

    @_picky.default
    def _any_picky(self) -> bool:
        return any(route.only for routes in self._by_owner.values() for route in routes)

    @classmethod
    def of(cls, connection: sa.Connection, owners: Iterable[str]) -> Routes:
        """Look the owners' routes up, and those of everybody.

        On a server the destinations stay where they are until the caller's transaction ends (as a
        foreign key would hold them): one that is removed meanwhile would leave its lanes behind.
        """
        rows = _ROUTES.run(connection, [(one,) for one in sorted({EVERYBODY, *owners})])
        by_owner: defaultdict[str, list[Route]] = defaultdict(list)
        for no, name, owner, ordering, policy, types, only, enabled in sorted(rows, key=_number):
            by_owner[owner].append(
                Route(
                    no,
                    name,
                    ordering,
                    _first_delay(policy),
                    _types(types),
                    _only(only),
                    bool(enabled),
                )
            )
        return cls(dict(by_owner))

    def to(self, event: Event) -> list[Route]:
        """Return the routes that an event takes."""
        if event.only_to:
            return [route for route in self._of(event.owner) if route.name == event.only_to]
        found = self._found.get((event.type, event.owner))
        if found is None:
            found = [route for route in self._of(event.owner) if route.takes(event.type)]
            self._found[event.type, event.owner] = found
        if self._picky:
            return [route for route in found if route.agrees(event.labels)]
        return found

    def _of(self, owner: str) -> Iterator[Route]:
        for one in dict.fromkeys((EVERYBODY, owner)):
            yield from self._by_owner.get(one, ())


def _number(row: Sequence[int]) -> int:
    return row[0]


@functools.lru_cache(maxsize=_KNOWN_TEXTS)
def _first_delay(policy: str) -> float:
    return float(json.loads(policy)["schedule"][0])


@functools.lru_cache(maxsize=_KNOWN_TEXTS)
def _types(types: str) -> frozenset[str]:
    return frozenset(json.loads(types))


@functools.lru_cache(maxsize=_KNOWN_TEXTS)
def _only(only: str) -> Only:
    return tuple((name, frozenset(values)) for name, values in json.loads(only).items())


# The texts as they are stored: each is parsed once, and not once per batch.
_ROUTES = Query(
    {"owner": "text"},
    """
    SELECT d.no, d.name, d.owner, d.ordering, CAST(d.policy AS TEXT), CAST(d.types AS TEXT),
        CAST(d."only" AS TEXT), d.enabled
    FROM given CROSS JOIN relay_destinations AS d WHERE d.owner = given.owner
    """,
    locking="FOR KEY SHARE OF d",
)
