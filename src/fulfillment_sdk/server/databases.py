"""Where each party keeps its own store (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.coordination import locks
from fulfillment_sdk.store import Schema, Sealer, Store
from fulfillment_sdk.store.engine import make_engine
from fulfillment_sdk.store.failures import sqlstate, unavailable
from fulfillment_sdk.store.session import NO_LIMITS

_NOT_ALLOWED = "42501"


def store_url(settings: Settings, party: str) -> str:
    """Return a party's own database: a file in the data folder, or a schema of a PostgreSQL one."""
    if settings.database_url is None:
        return f"sqlite:///{settings.data / party}.db"
    url = make_url(settings.database_url)
    given = url.query.get("options", ())
    options = [*([given] if isinstance(given, str) else given), f"-csearch_path={party}"]
    url = url.update_query_dict({"options": " ".join(options)})
    return url.render_as_string(hide_password=False)


def open_store(
    settings: Settings, party: str, *, schemas: Sequence[Schema], clock: Callable[[], float]
) -> Store:
    """Open a party's store, and make it where there is none; several may do so at one moment.

    Raises ``StoreError`` or ``ConfigurationError`` where it can't be used.
    """
    if settings.database_url is not None:
        make_schema(settings.database_url, party)
    return Store.open(
        store_url(settings, party),
        schemas=schemas,
        sealer=Sealer(settings.storage_keys),
        clock=clock,
    )


def make_schema(database_url: str, name: str) -> None:
    """Create a schema of a PostgreSQL database unless it is there.

    Raises ``ConfigurationError`` where the database's role may not, ``StoreUnavailable`` where the
    database can't be reached.
    """
    engine = make_engine(database_url, readonly=False)
    try:
        with engine.begin() as connection:
            # Whoever may not create one can be given one.
            there = sa.select(sa.func.to_regnamespace(name).is_not(None))
            if connection.execute(there).scalar_one():
                return
            connection.exec_driver_sql(NO_LIMITS)
            locks.hold(connection, f"schema {name}")
            connection.execute(sa.schema.CreateSchema(name, if_not_exists=True))
    except sa.exc.DBAPIError as error:
        if sqlstate(error) == _NOT_ALLOWED:
            raise ConfigurationError(
                f"The database's role may not create the schema {name}",
                remedy=f"As an administrator of it: CREATE SCHEMA {name} AUTHORIZATION that_role;",
            ) from None
        raise unavailable(error) from error
    finally:
        engine.dispose()
