"""A kind whose extra is not installed says which one it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EMAIL: dict[str, object] = {
    "kind": "email",
    "server": "smtp://x.org",
    "sender": "a@x.org",
    "to": ["a@x.org"],
}
CHAT: dict[str, object] = {"kind": "chat", "urls": ["json://127.0.0.1"]}
WEBHOOK: dict[str, object] = {"kind": "webhook", "url": "https://x.org", "secrets": ["whsec_x"]}
SQL: dict[str, object] = {"kind": "sql", "url": "postgresql://hush@127.0.0.1/x"}

MISSING = [
    (EMAIL, "aiosmtplib", "email"),
    (EMAIL, "jinja2", "email"),
    (CHAT, "apprise", "chat"),
    (CHAT, "jinja2", "chat"),
    (WEBHOOK, "aiohttp", "webhook"),
    (WEBHOOK, "aiodns", "webhook"),
    (SQL, "psycopg", "postgres"),
]


def run(package: str, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run some code where a package is not installed."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules[{package!r}] = None\n{code}"],
        capture_output=True,
        text=True,
        cwd=folder,
    )


@pytest.mark.parametrize(("table", "package", "extra"), MISSING)
def test_a_receiver_is_not_made_without_what_a_sink_needs_and_says_how_to_have_it(
    table: dict[str, object], package: str, extra: str, tmp_path: Path
) -> None:
    code = (
        "from fulfillment_sdk import MissingExtra, Receiver\n"
        f"try:\n    Receiver('whsec_' + 'A' * 32, 'inbox', sinks={{'it': {table!r}}})\n"
        "except MissingExtra as error:\n    print(error)"
    )

    done = run(package, code, tmp_path)

    assert done.stdout.splitlines() == [
        f"sinks.it: The package {package!r} is not installed",
        f'Install it with: pip install "fulfillment-sdk[{extra}]"',
    ], done.stderr


def test_a_check_says_the_same_of_each_sink_that_lacks_something(tmp_path: Path) -> None:
    tables: dict[str, dict[str, object]] = {
        "mail": EMAIL,
        "chat": CHAT,
        "next": WEBHOOK,
        "audit": {"kind": "log"},
    }
    lines = [f"{name} = {toml(table)}" for name, table in tables.items()]
    (tmp_path / "fulfillment.toml").write_text("\n".join(["[sinks]", *lines]))
    code = (
        "sys.modules['jinja2'] = None\n"
        "from fulfillment_sdk.cli import main\nmain(['sinks', 'check', '--json'])"
    )

    done = run("aiohttp", code, tmp_path)

    told = {one["name"]: (one["words"], one["remedy"]) for one in json.loads(done.stdout)}
    install = 'Install it with: pip install "fulfillment-sdk[{}]"'
    assert told == {
        "mail": ("sinks.mail: The package 'jinja2' is not installed", install.format("email")),
        "chat": ("sinks.chat: The package 'jinja2' is not installed", install.format("chat")),
        "next": ("sinks.next: The package 'aiohttp' is not installed", install.format("webhook")),
        "audit": ("", ""),
    }
    assert done.returncode == 1


def toml(table: dict[str, object]) -> str:
    """Write a table in one line."""
    values = (f"{key} = {json.dumps(value)}" for key, value in table.items())
    return f"{{{', '.join(values)}}}"
