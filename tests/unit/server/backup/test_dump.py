"""PostgreSQL's programs: what they are told, and what is said where they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.server.backup import dump


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:hush@db.example:5433/name?sslmode=require",
        "postgresql+psycopg://u@db.example:5433/name?sslmode=require&password=hush",
    ],
)
def test_a_password_is_on_no_command_line(url: str) -> None:
    named, environ = dump.environment(url, {"PATH": "/bin"})
    assert named == "postgresql://u@db.example:5433/name?sslmode=require"
    assert environ == {"PATH": "/bin", "PGPASSWORD": "hush"}


def test_without_a_password_the_environment_stays_as_it_is() -> None:
    named, environ = dump.environment("postgresql+psycopg:///name?host=%2Frun%2Fpg", {})
    assert named == "postgresql:///name?host=%2Frun%2Fpg"
    assert environ == {}


def test_where_the_programs_are_not_installed_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="pg_dump is not installed here") as refused:
        dump.dump("postgresql://db/name", tmp_path / "database.dump")
    assert "postgresql-client" in refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_older_than_the_server_is_told_with_both_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(
        "#!/bin/sh\n"
        "echo 'pg_dump: error: aborting because of server version mismatch' >&2\n"
        "echo 'pg_dump: detail: server version: 18.4; pg_dump version: 16.2' >&2\n"
        "exit 1\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        StoreError, match=r"server version: 18\.4; pg_dump version: 16\.2"
    ) as failed:
        dump.dump("postgresql://db/name", tmp_path / "database.dump")
    assert "of the server's version or newer" in failed.value.remedy
    assert "PATH" in failed.value.remedy


def test_what_a_program_says_beyond_its_first_line_may_quote_rows() -> None:
    assert dump.cause(b"pg_restore: error: no\nCONTEXT: COPY cases, line 1: hush") == (
        "pg_restore: error: no"
    )
    assert dump.cause(b"") == "it said nothing"


def test_a_schema_that_is_there_is_left_out_of_what_is_restored() -> None:
    contents = (
        b"; Archive created at some time\n"
        b"6; 2615 16386 SCHEMA - gateway somebody\n"
        b"7; 2615 16387 SCHEMA - portal somebody\n"
        b"215; 1259 16388 TABLE gateway facts somebody\n"
    )
    lines = contents.splitlines(keepends=True)
    assert dump.without_schemas(contents, ["gateway"]) == b"".join([lines[0], *lines[2:]])
    assert dump.without_schemas(contents, []) == contents
