"""PostgreSQL's own programs: `pg_dump` for the backup, `pg_restore` to put it back."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from fulfillment_sdk.errors import ConfigurationError, StoreError, StoreUnavailable
from fulfillment_sdk.store.engine import make_engine
from fulfillment_sdk.store.failures import unavailable

SCHEMAS: Final = ("gateway", "portal")

_PROGRAMS: Final = "PostgreSQL's client programs, of the server's version or newer"
_NEWER: Final = f"Install {_PROGRAMS}, and put their folder first in PATH."
_AGAIN: Final = "Correct that, and try again; nothing was left behind."

# Of the catalogue, which shows also what the role may not touch.
_TABLES: Final = """
SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname IN ('gateway', 'portal')
"""
_SCHEMAS: Final = """
SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ('gateway', 'portal')
"""


def dump(url: str, target: Path) -> None:
    """Write both parties' schemas to the new file ``target``, as one snapshot shows them.

    Raises ``ConfigurationError`` where the program is not there, ``StoreError`` where it fails.
    """
    program = find("pg_dump")
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    wanted = [f"--schema={schema}" for schema in SCHEMAS]
    _run([program, "--format=custom", *wanted, f"--file={target}"], url)
    check(target)


def check(path: Path) -> None:
    """Read a dump to its end, block by block; raises ``StoreError`` where that can't be done."""
    _run([find("pg_restore"), "--file=/dev/null", str(path)])


def restore(url: str, path: Path) -> None:
    """Put a dump into a database that has neither party's tables; all of it or nothing.

    A schema that is there already stays as it is: not every role may make one.

    Raises ``ConfigurationError`` where there are tables, ``StoreError`` where it fails.
    """
    program = find("pg_restore")
    there = schemas_of(url)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "contents"
        contents = _run([program, "--list", str(path)])
        wanted.write_bytes(without_schemas(contents, there))
        options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        _run([program, *options, f"--use-list={wanted}", str(path)], url)


def without_schemas(contents: bytes, names: Collection[str]) -> bytes:
    """Take out of a dump's list of contents, as `pg_restore --list` has it, some schemas."""
    ends = tuple(f" SCHEMA - {name} ".encode() for name in names)
    lines = contents.splitlines(keepends=True)
    return b"".join(line for line in lines if not any(end in line for end in ends))


def schemas_of(url: str) -> list[str]:
    """Return which parties' schemas a database has, empty ones.

    Raises ``ConfigurationError`` where there are tables of either party in it.
    """
    engine = make_engine(url, readonly=True)
    try:
        with engine.connect() as connection:
            tables = connection.exec_driver_sql(_TABLES).scalar_one()
            found = [str(name) for (name,) in connection.exec_driver_sql(_SCHEMAS)]
    except sa.exc.DBAPIError as error:
        raise unavailable(error) from None
    finally:
        engine.dispose()
    if tables:
        raise ConfigurationError(
            "The database has a gateway's or a portal's tables already",
            remedy="Restore into an empty database: make one with createdb, and name it in"
            " FULFILLMENT_DATABASE_URL.",
        )
    return found


def find(program: str) -> str:
    """Return where a program of PostgreSQL's is; raises ``ConfigurationError`` if nowhere."""
    found = shutil.which(program)
    if found is None:
        raise ConfigurationError(
            f"{program} is not installed here, and a PostgreSQL database is backed up with it",
            remedy=f"Install {_PROGRAMS} (Debian: apt install postgresql-client).",
        )
    return found


def environment(url: str, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the URL to name on a command line, and the environment with the password.

    Everybody on the machine can read a command line.
    """
    given = make_url(url)
    password = given.password or given.query.get("password")
    named = sa.URL.create(
        "postgresql",
        given.username,
        None,
        given.host,
        given.port,
        given.database,
        {name: value for name, value in given.query.items() if name != "password"},
    )
    added = {"PGPASSWORD": str(password)} if password else {}
    return named.render_as_string(hide_password=False), {**environ, **added}


def _run(command: list[str], url: str | None = None) -> bytes:
    environ = dict(os.environ)
    if url is not None:
        address, environ = environment(url, environ)
        command = [*command, f"--dbname={address}"]
    program = Path(command[0]).name
    try:
        ended = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603
    except OSError as error:
        raise StoreUnavailable(f"{program} can't be run: {error.strerror}") from None
    if ended.returncode:
        raise StoreError(
            f"{program} ended with status {ended.returncode}: {cause(ended.stderr)}",
            remedy=_NEWER if b"server version:" in ended.stderr else _AGAIN,
        )
    return ended.stdout


def cause(said: bytes) -> str:
    """Return the first line of what a program said: further ones may quote rows.

    A second one that names the versions of server and program is added.
    """
    first, *more = said.decode("utf-8", "replace").splitlines() or ["it said nothing"]
    versions = [line.partition(" detail: ")[2] for line in more[:1] if "server version:" in line]
    return "; ".join([first[:200], *(line[:100] for line in versions if line)])
