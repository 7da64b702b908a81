"""`fulfillment backup` and `fulfillment restore`: what they say to people and to scripts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment_sdk.cli.group import command
from tests.unit.server.backup.databases import database, facts, server_folder

SECRETS = "staff-token, intake-token, notify-secrets, jwt-keys, storage-keys"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with a server's data folder in it, under its usual name."""
    monkeypatch.chdir(tmp_path)
    server_folder(tmp_path / "fulfillment-data")


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(command, arguments, prog_name="fulfillment", env=environ)


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_what_is_in_a_backup_and_what_is_not_is_told() -> None:
    said = lines(run("backup", "made"))
    assert [line.split()[0] for line in said[:2]] == ["gateway.db", "portal.db"]
    assert said[2].startswith("Backed up to made, as it was at 20")
    assert said[3:] == [f"Not in it, keep them elsewhere: {SECRETS}"]


def test_a_backup_with_secrets_says_what_that_means() -> None:
    said = lines(run("backup", "made", "--with-secrets"))
    assert said[-1].startswith("It holds secrets (intake-token, jwt-keys, ")
    assert not any(line.startswith("Not in it") for line in said)


def test_where_all_secrets_are_set_elsewhere_it_says_so() -> None:
    for name in SECRETS.split(", "):
        (Path("fulfillment-data") / name).unlink()
    said = lines(run("backup", "made"))
    assert said[-1] == "Keys and secrets are not in it: they are not in the data folder either"


def test_a_script_gets_the_manifest_and_what_was_left_out() -> None:
    found = json.loads(run("backup", "made", "--json").stdout)
    manifest = json.loads(Path("made/manifest.json").read_text())
    assert found == {"path": "made", **manifest, "left_out": SECRETS.split(", ")}


def test_after_restoring_the_storage_keys_are_asked_for_by_their_id() -> None:
    run("backup", "made")
    said = lines(run("restore", "made", "--data", "new"))
    assert said[0].startswith("Restored gateway.db, portal.db into new, as of 20")
    assert said[1].startswith("First put the storage keys (id a1b2) into new/storage-keys")
    assert said[2].startswith("Not in it: intake-token, jwt-keys, notify-secrets, staff-token.")
    assert facts(Path("new/portal.db")) == ["case 1"]


def test_what_is_set_is_not_asked_for() -> None:
    run("backup", "made")
    key = f"a1b2:{'A' * 43}="
    restored = run("restore", "made", "--data", "new", "--json", FULFILLMENT_STORAGE_KEYS=key)
    missing = ["intake-token", "jwt-keys", "notify-secrets", "staff-token"]
    assert json.loads(restored.stdout)["missing"] == missing


def test_after_restoring_everything_nothing_is_asked_for() -> None:
    run("backup", "made", "--with-secrets")
    assert len(lines(run("restore", "made", "--data", "new"))) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["backup", "fulfillment-data"], "fulfillment-data is there already"),
        (["backup", "made", "--data", "nowhere"], "There is no database in nowhere"),
        (["restore", "fulfillment-data", "--data", "new"], "fulfillment-data is no backup"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_a_remedy(arguments: list[str], said: str) -> None:
    ended = run(*arguments)
    assert (ended.exit_code, ended.stdout) == (1, "")
    first, remedy = ended.stderr.splitlines()
    assert first.startswith(f"Error: {said}")
    assert remedy
    assert sorted(path.name for path in Path().iterdir()) == ["fulfillment-data"]


def test_a_receivers_folder_needs_nothing_of_a_servers_packages(tmp_path: Path) -> None:
    database(tmp_path / "inbox" / "receiver.db", "an event")
    script = (
        "import sys\n"
        "for name in ('starlette', 'uvicorn', 'aiohttp', 'prometheus_client', 'fpdf'):\n"
        "    sys.modules[name] = None\n"
        "from fulfillment_sdk.cli.group import command\n"
        "command.main(['backup', 'made', '--data', 'inbox'], standalone_mode=False)\n"
        "command.main(['restore', 'made', '--data', 'again'], standalone_mode=False)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert facts(tmp_path / "again" / "receiver.db") == ["an event"]
