"""Where a receiver keeps what it takes: in a folder of its own, or in a database with a URL."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from os import PathLike
from pathlib import Path

import attrs

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.observing import observers_among
from fulfillment_sdk.receiver.cases.feeds import Feed
from fulfillment_sdk.receiver.cases.fill import Filler
from fulfillment_sdk.receiver.cases.judge import Rules
from fulfillment_sdk.receiver.cases.ledger import Ledger
from fulfillment_sdk.receiver.cases.rows import held_among
from fulfillment_sdk.receiver.cases.schema import SCHEMA
from fulfillment_sdk.receiver.cases.upkeep import Upkeep
from fulfillment_sdk.receiver.outlets import Outlets
from fulfillment_sdk.receiver.secrets import schema as secrets
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.relay.dispatching.drift import Drift
from fulfillment_sdk.store.engine import check_driver, is_sqlite
from fulfillment_sdk.store.keys import Keys, keys_for, parse_keys
from fulfillment_sdk.store.private_files import make_private_folder


@attrs.frozen
class Database:
    """A place, not opened yet.

    Args:
        data: a folder, or the URL of a database.
        keys: what seals the stored bodies; None for those of the environment, or of a file.
    """

    data: str | PathLike[str] = attrs.field(repr=False)
    keys: Keys | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, data: str | PathLike[str], storage_keys: str | Keys | None = None) -> Database:
        """Check what can be checked without opening anything.

        Raises:
            ConfigurationError: it is no place, the keys can't be used, or a server's database has
                none.
            MissingExtra: the extra `postgres` is not installed, and the database is on a server.
        """
        _check_place(data)
        keys = parse_keys(storage_keys) if isinstance(storage_keys, str) else storage_keys
        if keys is None and _is_url(data) and not is_sqlite(str(data)):
            keys = keys_for(str(data))
        return cls(data, keys)

    def open(
        self,
        outlets: Outlets,
        *,
        clock: Callable[[], float] = time.time,
        only_new: bool = False,
        retention: float | None = None,
        rules: Rules | None = None,
        feed: Feed | None = None,
    ) -> Relay:
        """Open it, as a relay that passes on to the outlets, and minds its cases meanwhile.

        Args:
            outlets: the destinations.
            clock: epoch seconds.
            only_new: whether destinations that are there already stay as they are.
            retention: seconds after which what has arrived is removed; None for never.
            rules: how a case's events are put in order; the usual ones if left out.
            feed: where missing ones are had from; None for nowhere.

        Raises:
            ConfigurationError: the URL or the keys can't be used.
            StoreError: the keys are not those of what is in there.
            StoreUnavailable: the database can't be used.
        """

        def beside(relay: Relay) -> AbstractAsyncContextManager[None]:
            ledger = Ledger(relay, rules or Rules())
            filler = None if feed is None else Filler(feed, ledger)
            own = clock is time.time and is_sqlite(
                relay.store.url
            )  # a server has a clock of its own
            drift = Drift(clock, time.monotonic) if own else None
            return Upkeep(ledger, filler, retention, drift).running()

        return Relay(
            str(self.data) if _is_url(self.data) else _database_in(Path(self.data)),
            keys=self.keys,
            destinations=outlets.destinations,
            sinks=outlets.sinks,
            clock=clock,
            observers=observers_among(outlets.plugins),
            only_new=only_new,
            retention=retention,
            schemas=[secrets.SCHEMA, SCHEMA],
            beside=beside,
            spared=held_among,
            strangers=outlets.strangers,
        )


def _check_place(data: object) -> None:
    if not isinstance(data, str | PathLike) or not str(data).strip() or "\0" in str(data):
        raise ConfigurationError(
            "The receiver's data names no place",
            remedy='Write data="inbox" for a folder, or the URL of a database.',
        )
    if _is_url(data):
        check_driver(str(data))


def _is_url(data: object) -> bool:
    return isinstance(data, str) and "://" in data


def _database_in(folder: Path) -> str:
    make_private_folder(folder)
    return f"sqlite:///{folder.absolute() / 'receiver.db'}"
