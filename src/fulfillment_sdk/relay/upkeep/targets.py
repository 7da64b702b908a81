"""The destinations that events are sent again to, as far as that needs to know them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports.pages import Filter
from fulfillment_sdk.relay.schema import destinations
from fulfillment_sdk.relay.tables.line_up import lane_number

MOST_TARGETS: Final = 50
"""Destinations that one write looks at."""


@attrs.frozen
class Target:
    """A destination."""

    no: int
    ordering: str
    owner: str
    types: frozenset[str]
    picky: bool = False  # goes by labels, which events have at their acceptance only

    def may_have(self, row: sa.Row[Any]) -> bool:
        """Tell whether the event's owner is one whose events go there."""
        return self.owner in ("", row.owner)

    def takes(self, row: sa.Row[Any]) -> bool:
        """Tell whether the event would go there if it were accepted now."""
        return self.may_have(row) and (not self.types or row.type in self.types)

    def place(self, row: sa.Row[Any]) -> tuple[int, int, int]:
        """Return where the event stands: lane, position and number."""
        key = row.lane if self.ordering == "case" else row.event_id
        return lane_number(key), row.sequence or 0, row.id


def targets(connection: sa.Connection, wanted: Filter, first: int) -> Sequence[Target]:
    """Return the destinations that a filter means, by their numbers, from `first` on."""
    columns = destinations.c
    query = (
        sa.select(columns.no, columns.ordering, columns.owner, columns.types, columns.only)
        .where(columns.no >= first)
        .order_by(columns.no)
        .limit(MOST_TARGETS)
        # Were one removed meanwhile, its new lanes would be left behind.
        .with_for_update(read=True, key_share=True)
    )
    if wanted.destination is not None:
        query = query.where(columns.name == wanted.destination)
    if wanted.owner is not None:
        query = query.where(columns.owner.in_({"", wanted.owner}))
    return [
        Target(row.no, row.ordering, row.owner, frozenset(row.types), bool(row.only))
        for row in connection.execute(query)
    ]
