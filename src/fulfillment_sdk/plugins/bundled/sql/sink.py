"""Delivers into a database: one transaction for all events that come together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.batching import Batcher
from fulfillment_sdk.plugins.bundled.sql import SqlSettings
from fulfillment_sdk.plugins.bundled.sql.engine import make_engine, make_private
from fulfillment_sdk.plugins.bundled.sql.recording import Raced, Recording
from fulfillment_sdk.plugins.bundled.sql.rows import Entry
from fulfillment_sdk.plugins.bundled.sql.tables import Tables
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry
from fulfillment_sdk.store.failures import sqlstate

logger = logging.getLogger("fulfillment_sdk.plugins")

NO_OBJECT = Reject("the event is no JSON object")
RACED = Retry("another writer was at the same row")

# What fails as a whole may be one event's doing, a body beyond what a server takes in one piece,
# say. That is found out only where it costs little: a server that is away may take long to say so.
_PROMPT_SECONDS = 1.0
_MOST_FAILURES = 2

_MOST_RACES = 3  # each table may be made by somebody else between our look and our try

# A value that the database, or its driver, can't take: pymysql, say, writes no letter that the
# connection's character set lacks.
_VALUES = (sa.exc.DataError, UnicodeError, OverflowError)

# One event of a batch is the reason, or another writer: the others needn't suffer from it.
_OF_ONE = (*_VALUES, sa.exc.IntegrityError, Raced)


class SqlSink:
    """Records each event once, and where its case stands, in two tables of a database.

    A value that the database refuses is a `Reject`, and so is a body that is no JSON object; any
    other trouble is a `Retry`. An event that is delivered again changes nothing.

    Args:
        settings: which database, and the tables' names.
        clock: epoch seconds.
        portable: do without what only PostgreSQL and SQLite have.
        timer: seconds that only go on.
    """

    def __init__(
        self,
        settings: SqlSettings,
        *,
        clock: Callable[[], float] = time.time,
        portable: bool = False,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._create = settings.create
        self._tables = Tables.of(settings)
        self._engine = make_engine(settings.url)
        self._clock = clock
        self._portable = portable
        self._timer = timer
        self._batcher = Batcher(self._write, name="sql")

    async def open(self) -> None:
        """Connect, and make the tables where they are missing.

        Raises:
            ConfigurationError: there are tables of these names that lack a column.
            sa.exc.SQLAlchemyError: the database can't be reached, or doesn't let us.
        """
        await self._batcher.in_thread(self._prepare)

    async def close(self) -> None:
        """Finish what is being written, and disconnect."""
        await self._batcher.in_thread(self._engine.dispose)
        self._batcher.close()

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Record one event, with those beside it."""
        return await self._batcher.deliver(delivery)

    def _prepare(self) -> None:
        make_private(self._engine)
        failure = self._made() if self._create else None
        missing = self._tables.missing(self._engine)
        if not missing:
            return
        if failure is not None:
            logger.error("a sql sink can't make its tables: %s", _in_short(failure))
            raise failure
        lines = ", ".join(missing)
        logger.error("a sql sink's database lacks %s", lines)
        raise ConfigurationError(f"The database lacks {lines}", remedy="Add what is missing.")

    def _made(self) -> sa.exc.DBAPIError | None:
        """Make what is missing; return what was in the way, if it was in the end."""
        failure: sa.exc.DBAPIError | None = None
        for _ in range(_MOST_RACES):
            try:
                self._tables.metadata.create_all(self._engine)
            except sa.exc.DBAPIError as error:  # we may not; or another process was faster
                failure = error
            else:
                return None
        return failure

    def _write(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        entries = [Entry.of(delivery) for delivery in deliveries]
        outcomes = iter(self._outcomes([entry for entry in entries if entry is not None]))
        return [NO_OBJECT if entry is None else next(outcomes) for entry in entries]

    def _outcomes(self, entries: Sequence[Entry]) -> Sequence[Outcome]:
        began = self._timer()
        try:
            self._record(entries)
        except _OF_ONE:
            return [self._alone(entry) for entry in entries]
        except sa.exc.SQLAlchemyError as error:
            failed = Retry(_in_short(error))
            if len(entries) == 1 or self._timer() - began > _PROMPT_SECONDS:
                return [failed] * len(entries)
            return [*self._in_turn(entries, failed)]
        return [Delivered()] * len(entries)

    def _in_turn(self, entries: Sequence[Entry], failed: Retry) -> Iterator[Outcome]:
        """Record each alone; where two in a row fail, it is the database, and none of them."""
        failures = 0
        for entry in entries:
            outcome = self._alone(entry) if failures < _MOST_FAILURES else failed
            failures = failures + 1 if isinstance(outcome, Retry) else 0
            yield outcome

    def _alone(self, entry: Entry) -> Outcome:
        try:
            self._record([entry])
        except Raced:
            return RACED
        except _VALUES as error:
            return Reject(f"the database refuses a value: {_in_short(error)}")
        except sa.exc.SQLAlchemyError as error:
            return Retry(_in_short(error))
        return Delivered()

    def _record(self, entries: Sequence[Entry]) -> None:
        now = datetime.fromtimestamp(self._clock(), UTC)
        with self._engine.begin() as connection:
            Recording(connection, self._tables, portable=self._portable).record(entries, now=now)


def _in_short(error: Exception) -> str:
    """Name an error; the words of a database repeat values, and those of a driver its URL."""
    kind, state = type(error).__name__, sqlstate(error)
    return f"{kind} ({state})" if state else kind
