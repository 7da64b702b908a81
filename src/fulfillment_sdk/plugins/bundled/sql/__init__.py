"""The kind `sql`: where each case stands and everything that happened, in two tables.

`tables` says what they look like, `rows` what an event changes in them, `engine` opens a database
by its URL, `recording` writes a batch in one transaction, `sink` delivers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from fulfillment_sdk.relay import Sink

CONCURRENCY = 64
"""Lanes at once: they share a transaction."""

_name = attrs.validators.matches_re(r"[A-Za-z_][A-Za-z0-9_]{0,49}")


@attrs.frozen
class SqlSettings:
    """What a table of kind `sql` may say.

    Args:
        url: of any database that SQLAlchemy knows, its driver installed.
        cases: the name of the table with a row for each case.
        history: the name of the table with a row for each event.
        schema: where they are; without it, where the database puts them.
        create: whether they are made where they are missing.
    """

    url: str = attrs.field(repr=False)
    cases: str = attrs.field(default="fulfillment_cases", validator=_name)
    history: str = attrs.field(default="fulfillment_events", validator=_name)
    schema: str | None = attrs.field(default=None, validator=attrs.validators.optional(_name))
    create: bool = True

    @history.validator
    def _differs(self, _attribute: object, value: str) -> None:
        if value.lower() == self.cases.lower():
            raise ValueError("cases and history are two tables")


def make_sql_sink(settings: SqlSettings) -> Sink:
    """Make a sink of kind `sql`; connects to nothing yet.

    Raises:
        ConfigurationError: the URL can't be used, or its driver is not installed.
    """
    from fulfillment_sdk.plugins.bundled.sql.sink import SqlSink

    return SqlSink(settings)
