"""The schemas of the two parties: made once, whoever comes first (contract, section 7)."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from fulfillment_sdk.errors import ConfigurationError, StoreUnavailable
from fulfillment_sdk.server.databases import make_schema, open_store
from fulfillment_sdk.server.portal.schema import SCHEMA
from fulfillment_sdk.store.engine import make_engine
from tests.documents.reading import ROOT
from tests.integration.portal.desk import make_settings
from tests.journeys._server import SECONDS
from tests.postgres import Server


def schemas(url: str) -> set[str]:
    engine = make_engine(url, readonly=True)
    try:
        return set(sa.inspect(engine).get_schema_names())
    finally:
        engine.dispose()


def test_many_who_come_at_once_make_one_schema_with_its_tables(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = attrs.evolve(make_settings(tmp_path), database_url=postgres_url)
    failures: list[BaseException] = []
    ready = threading.Barrier(4)

    def come() -> None:
        ready.wait()
        try:
            open_store(settings, "portal", schemas=[SCHEMA], clock=lambda: 0.0).close()
        except BaseException as error:  # noqa: BLE001  shown below
            failures.append(error)

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    engine = make_engine(postgres_url, readonly=True)
    try:
        tables = sa.inspect(engine).get_table_names(schema="portal")
        assert "portal_cases" in tables
        assert sa.inspect(engine).get_table_names(schema="public") == []
    finally:
        engine.dispose()


COMES = """
import sys
from pathlib import Path
import alembic.operations, alembic.runtime.migration, alembic.script, attrs
from fulfillment_sdk.server.databases import open_store
from fulfillment_sdk.server.portal.schema import SCHEMA
from tests.integration.portal.desk import make_settings

settings = attrs.evolve(make_settings(Path(sys.argv[1])), database_url=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
open_store(settings, "portal", schemas=[SCHEMA], clock=lambda: 0.0).close()
"""


def test_processes_that_come_at_once_wait_for_each_other(postgres_url: str, tmp_path: Path) -> None:
    # Threads of one process would wait anyway: its migrations go one after the other.
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COMES, str(tmp_path), postgres_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        assert [each.stdout and each.stdout.readline() for each in processes] == ["ready\n"] * 3
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        said = [each.communicate(timeout=SECONDS)[1] for each in processes]
    finally:
        for each in processes:
            each.kill()
    assert ([each.returncode for each in processes], said) == ([0] * 3, [""] * 3)


def test_one_that_is_there_needs_no_right_to_make_it(postgres: Server, postgres_url: str) -> None:
    name = make_url(postgres_url).database
    postgres.run(f"CREATE ROLE guest_{name} LOGIN")
    try:
        postgres.run(f"CREATE SCHEMA portal AUTHORIZATION guest_{name}", str(name))
        guest = make_url(postgres_url).set(username=f"guest_{name}")
        url = guest.render_as_string(hide_password=False)
        make_schema(url, "portal")
        with pytest.raises(ConfigurationError) as told:
            make_schema(url, "gateway")
        assert "CREATE SCHEMA gateway AUTHORIZATION" in told.value.remedy
        assert schemas(postgres_url) >= {"portal"}
        assert "gateway" not in schemas(postgres_url)
    finally:
        postgres.run("DROP SCHEMA portal", str(name))
        postgres.run(f"DROP ROLE guest_{name}")


def test_a_database_that_is_not_there_is_unavailable(postgres_url: str) -> None:
    elsewhere = make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreUnavailable):
        make_schema(elsewhere, "portal")
