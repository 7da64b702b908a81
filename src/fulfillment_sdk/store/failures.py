"""What a caller is told when the database failed, and not the caller's own work."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError, StoreUnavailable

# What befell the database itself: gone, full, locked, read-only, damaged. (A damaged SQLite file is
# told with the class that all others are derived from.)
_ITS_OWN = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError)


def failure(error: BaseException) -> BaseException:
    """Return what a caller is told whose work raised `error`."""
    if isinstance(error, _ITS_OWN) or type(error) is sa.exc.DatabaseError:
        return _because(unavailable(error), error)
    return error


def lost(error: BaseException) -> StoreError:
    """Return what a caller is told whose transaction failed as a whole because of `error`."""
    if isinstance(error, sa.exc.SQLAlchemyError | sqlite3.Error) or sqlstate(error):
        return _because(unavailable(error), error)
    said = str(error) if isinstance(error, StoreError) else "The store failed"
    return _because(StoreError(said), error)


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's five letters for what went wrong, if it was the one to say so."""
    state: str | None = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    return state


def unavailable(error: BaseException) -> StoreUnavailable:
    """Turn what a driver says into the error that callers handle; its words hold no value."""
    words = str(getattr(error, "orig", None) or "").splitlines()
    cause = words[0][:120] if words else type(error).__name__
    if "connection option" in cause or "bad value" in cause:
        # The driver and its library quote what was written in the URL.
        cause = "an option in its URL is not understood"
    return StoreUnavailable(
        f"The database can't be used: {cause}",
        remedy="Look at its disk space, permissions and whether it is up; then try again.",
    )


def _because(error: StoreError, cause: BaseException) -> StoreError:
    error.__cause__ = cause
    return error
