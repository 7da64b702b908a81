"""Leases: who of the servers on one database does something, for how long unless it is renewed.

A lease ends by itself, whatever became of its holder. Times are the store's (``Store.now``): on
PostgreSQL the database's own, which is the same for all.
"""

from __future__ import annotations

import sqlalchemy as sa
from attrs import field, frozen

from fulfillment_sdk.relay.tables.upsert import insert_for


def lease_table(metadata: sa.MetaData, party: str) -> sa.Table:
    """Declare a party's leases; a revision of its migrations creates the same table by hand."""
    return sa.Table(
        f"{party}_leases",
        metadata,
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("ends_at", sa.Double, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name=f"{party}_leases_pk"),
    )


@frozen
class Lease:
    """A lease that somebody holds; ``detail`` is what the holder wants others to know."""

    name: str
    holder: str
    ends_at: float
    detail: str = field(repr=False)


@frozen
class Leases:
    """A party's leases. Every function belongs into the caller's transaction."""

    table: sa.Table

    def take(
        self,
        connection: sa.Connection,
        name: str,
        *,
        holder: str,
        now: float,
        seconds: float,
        detail: str = "",
    ) -> bool:
        """Take a lease, or renew one's own; ``False`` where another one holds it."""
        columns = self.table.c
        values = {"holder": holder, "ends_at": now + seconds, "detail": detail}
        taken = connection.execute(
            insert_for(connection, self.table)
            .values(name=name, **values)
            .on_conflict_do_update(
                index_elements=["name"],
                set_=values,
                where=sa.or_(columns.ends_at <= now, columns.holder == holder),
            )
            .returning(columns.name)
        )
        return taken.one_or_none() is not None

    def release(self, connection: sa.Connection, name: str, *, holder: str) -> None:
        """Give one's own lease back before its end."""
        mine = sa.and_(self.table.c.name == name, self.table.c.holder == holder)
        connection.execute(sa.delete(self.table).where(mine))

    def held(self, connection: sa.Connection, prefix: str, *, now: float) -> list[Lease]:
        """Return the leases that somebody holds ``now`` and whose name begins with ``prefix``."""
        columns = self.table.c
        begun = sa.and_(columns.name.startswith(prefix, autoescape=True), columns.ends_at > now)
        return [
            Lease(**row._mapping) for row in connection.execute(sa.select(*columns).where(begun))
        ]

    def forget_ended(self, connection: sa.Connection, *, now: float) -> None:
        """Remove what nobody holds any more."""
        connection.execute(sa.delete(self.table).where(self.table.c.ends_at <= now))

    def forget_all(self, connection: sa.Connection) -> None:
        """Remove all: for who knows that every holder is dead."""
        connection.execute(sa.delete(self.table))
