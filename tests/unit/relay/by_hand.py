"""The relay's tables without a dispatcher: what is accepted, claimed and settled by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay import Accepted, Destination, Event, RetryPolicy
from fulfillment_sdk.relay.schema import dead_letters, deliveries, destinations, events, lanes
from fulfillment_sdk.relay.tables import registry
from fulfillment_sdk.relay.tables.accept import accept_many
from fulfillment_sdk.relay.tables.claim import claim, renew
from fulfillment_sdk.relay.tables.lanes import (
    Claim,
    LaneKey,
    Place,
    Settlement,
    Tried,
    Wanted,
    earliest_due,
)
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.relay.tables.settle import Kept, settle_many
from fulfillment_sdk.store import Store

T = TypeVar("T")

NOW = 1_800_000_000.0
LEASE = 20.0


def event(id: str, lane: str = "case_1", sequence: int | None = None, **more: str) -> Event:
    body = more.get("body", f"body of {id}").encode()
    return Event(id, more.get("type", "t"), lane, sequence, body, more.get("owner", "org"))


def to(name: str = "partner", **more: object) -> Destination:
    options: dict[str, object] = {"policy": RetryPolicy((0, 5, 30, 120), jitter=0.0), **more}
    return Destination(name, "scripted", **options)  # type: ignore[arg-type]


@attrs.frozen
class LaneRow:
    """A lane as it is stored."""

    destination: str
    pending: int
    due_at: float
    leased: bool
    tries: int
    why: str


@attrs.frozen
class Tables:
    """A store's relay, each step in a transaction of its own."""

    store: Store

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        return self.store.write(work).result()

    def put(self, *wanted: Destination, now: float = NOW) -> list[Registered]:
        sealer = self.store.sealer
        return [self.write(lambda c, d=one: registry.put(c, sealer, d, now=now)) for one in wanted]  # type: ignore[misc]

    def accept(self, *batch: Event, now: float = NOW) -> list[Accepted]:
        return self.write(lambda c: accept_many(c, self.store.sealer, batch, now=now))

    def claim(
        self, *numbers: int, now: float = NOW, most: int = 10, lease: float = LEASE, head: int = 20
    ) -> list[Claim]:
        wanted = [Wanted(no, most, lease) for no in numbers or (1,)]
        return self.write(lambda c: claim(c, wanted, now=now, events_per_lane=head))

    def settle(self, *settlements: Settlement, now: float = NOW) -> list[Kept]:
        return self.write(lambda c: settle_many(c, settlements, now=now))

    def renew(self, *claims: Claim, now: float, lease: float = LEASE) -> set[LaneKey]:
        leases = {one.destination_no: lease for one in claims}
        return self.write(lambda c: renew(c, claims, now=now, lease_by_no=leases))

    def earliest(self) -> dict[int, float]:
        return dict(self.store.read(earliest_due).result())

    def ids(self, claimed: Claim) -> list[str]:
        """Return the ids of a claim's events, in the order they would go."""
        query = sa.select(events.c.id, events.c.event_id)
        names: dict[int, str] = dict(self._all(query))
        return [names[number] for _, number in claimed.places]

    def pending(self) -> list[tuple[str, str]]:
        """Return (destination, event id) of everything pending, in the order of the lanes."""
        query = (
            sa.select(destinations.c.name, events.c.event_id)
            .join(deliveries, deliveries.c.destination_no == destinations.c.no)
            .join(events, events.c.id == deliveries.c.event)
            .order_by(destinations.c.no, deliveries.c.position, events.c.event_id)
        )
        return [(name, id) for name, id in self._all(query)]

    def lanes(self) -> list[LaneRow]:
        """Return the lanes, by destination and what is pending."""
        query = (
            sa.select(
                destinations.c.name,
                lanes.c.pending,
                lanes.c.due_at,
                lanes.c.lease.is_not(None),
                lanes.c.tries,
                lanes.c.why,
            )
            .join(destinations, destinations.c.no == lanes.c.destination_no)
            .order_by(destinations.c.no, lanes.c.pending, lanes.c.due_at)
        )
        return [LaneRow(*row) for row in self._all(query)]

    def letters(self) -> list[str]:
        """Return the causes of the dead letters."""
        return [str(why) for (why,) in self._all(sa.select(dead_letters.c.why))]

    def count(self, table: sa.Table) -> int:
        query = sa.select(sa.func.count()).select_from(table)
        return self.store.read(lambda c: c.execute(query).scalar_one()).result()

    def _all(self, query: sa.Select[*tuple[Any, ...]]) -> list[Any]:
        return self.store.read(lambda c: list(c.execute(query).all())).result()


def delivered(claimed: Claim, most: int | None = None, **more: object) -> Settlement:
    """Return the settlement of a claim of which the first events arrived."""
    places = claimed.places[:most]
    tried = tuple(_tried(place, "delivered") for place in places)
    return Settlement(claim=claimed, delivered=places, tried=tried, **more)  # type: ignore[arg-type]


def failed(claimed: Claim, why: str = "503", *, due_at: float, tries: int = 1) -> Settlement:
    """Return the settlement of a claim whose first event must wait."""
    tried = (_tried(claimed.places[0], "retry", why),)
    return Settlement(claim=claimed, tried=tried, due_at=due_at, tries=tries, why=why)


def _tried(place: Place, outcome: str, why: str = "") -> Tried:
    return Tried(event=place[1], attempt=1, at=NOW, seconds=0.1, outcome=outcome, why=why)
