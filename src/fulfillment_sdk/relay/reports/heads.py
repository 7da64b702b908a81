"""The heads of lanes: which event of a lane goes next, and what was tried of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fulfillment_sdk.relay.doubt import ALONE
from fulfillment_sdk.relay.reports.facts import Facts, Place
from fulfillment_sdk.relay.schema import deliveries, lanes
from fulfillment_sdk.relay.values import Undelivered

BY_PLACE = tuple(deliveries.primary_key.columns)
"""The order in which deliveries are listed: within a lane, that in which they go out."""

WAITS = "waits for an earlier event of its lane"
UNTRIED = "not tried yet: in hand, waiting for its turn, or no process has its plugin or sink"
IN_DOUBT = "not tried yet: what had it ended more than once, so it goes alone"
DISABLED = "its destination is disabled"
STRANDED = "its row in relay_lanes is missing, so that nothing sends it"


class Heads:
    """The lanes that are being looked at.

    Args:
        connection: of the reader's transaction.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._lanes: dict[tuple[int, int], sa.Row[Any]] = {}
        self._first: dict[tuple[int, int], tuple[int, int]] = {}
        self._stranded: set[sa.Row[Any]] = set()

    def learn(self, rows: Sequence[sa.Row[Any]]) -> None:
        """Look up the lanes of these deliveries, which come in order of `BY_PLACE`."""
        columns = lanes.c
        new = {(row.destination_no, row.lane) for row in rows} - self._first.keys()
        its = [lane for _, lane in new]
        numbers = {no for no, _ in new}
        for row in self._connection.execute(
            sa.select(columns.destination_no, columns.lane, columns.tries, columns.why)
            .add_columns(columns.due_at, columns.tried, columns.lost)
            .where(columns.destination_no.in_(numbers), columns.lane.in_(its))
        ):
            self._lanes[row.destination_no, row.lane] = row
        for row in rows:
            place = (row.destination_no, row.lane)
            if place in new and place not in self._first:
                self._first[place] = self._look(row) if row is rows[0] else row[2:]

        missing = [row for row in rows if (row.destination_no, row.lane) not in self._lanes]
        self._stranded.update(row for row in missing if self._is_there(row))

    def _is_there(self, row: sa.Row[Any]) -> bool:
        """What has no lane was delivered since, or somebody lost its lane's row."""
        same = [column == value for column, value in zip(BY_PLACE, row, strict=True)]
        query = sa.select(deliveries.c.event).where(*same)
        return self._connection.execute(query).one_or_none() is not None

    def _look(self, row: sa.Row[Any]) -> tuple[int, int]:
        """The page may begin in the middle of this lane."""
        columns = deliveries.c
        found = self._connection.execute(
            sa.select(columns.position, columns.event)
            .where(columns.destination_no == row.destination_no, columns.lane == row.lane)
            .order_by(columns.position, columns.event)
            .limit(1)
        ).one_or_none()
        return (row.position, row.event) if found is None else (found.position, found.event)

    def shown(self, row: sa.Row[Any], place: Place, event: Facts) -> Undelivered | None:
        """Return what is told of a delivery that was learnt of; None if it is through by now.

        `place` is its destination. The lane's tries are of the event that it names, or else of
        its first one; when the lane is due is when its first one goes, whichever was tried.
        """
        number = (row.destination_no, row.lane)
        lane = self._lanes.get(number)
        if lane is None and row not in self._stranded:
            return None  # delivered since
        head = self._first[number] == (row.position, row.event)
        tried = lane is not None and (head if lane.tried is None else lane.tried == row.event)
        own_why = lane.why if lane is not None and tried else ""
        in_doubt = lane is not None and lane.lost >= ALONE
        own_why = own_why or (DISABLED if not place.enabled else IN_DOUBT if in_doubt else UNTRIED)
        return Undelivered(
            destination=place.name,
            event_id=event.event_id,
            type=event.type,
            lane=event.lane,
            state="pending",
            attempts=lane.tries if lane is not None and tried else 0,
            why=STRANDED if lane is None else own_why if head else WAITS,
            due_at=None if lane is None else lane.due_at,
        )
