"""Backups under load, and a server that is gone for good: everything goes on from the backup.

Neither a recorded 201 nor a settled notification is in a backup without its other half.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from fulfillment_sdk.cli.demo.case import physical_abuse
from tests.journeys._endpoints import eventually
from tests.journeys._hops import kill
from tests.journeys._server import SECONDS, ServerProcess, clean_environment, command
from tests.journeys._staff import Staff

from ._house import SETTINGS, House, house

BACKUPS = 3
WORKER_HAS = 1800.0  # seconds to begin an allocated case


def run(*arguments: str) -> dict[str, Any]:
    ended = subprocess.run(
        command(*arguments, "--json"),
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def rows(database: Path, query: str) -> set[Any]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        return {value for (value,) in opened.execute(query)}


def check_halves(backup: Path, promised: set[str]) -> None:
    """Look for the other half of everything in a backup, and for the cases promised before it."""
    recorded = rows(backup / "gateway.db", "SELECT case_id FROM gateway_cases")
    assert promised <= recorded
    assert recorded <= rows(backup / "portal.db", "SELECT id FROM portal_cases")
    pending = "SELECT event FROM relay_deliveries"
    settled = f"SELECT event_id FROM relay_events WHERE id NOT IN ({pending})"
    taken = rows(backup / "gateway.db", "SELECT event_id FROM relay_events")
    assert rows(backup / "portal.db", settled) <= taken


def back_up_under_load(everything: House, folder: Path) -> None:
    story = everything.story
    with story.going_on():
        for number in range(BACKUPS):
            story.wait_for(25)
            promised = set(story.cases)
            assert promised
            backup = folder / f"backup {number}"
            run("backup", str(backup), "--data", str(everything.processes["all"].folder))
            check_halves(backup, promised)


@pytest.mark.timeout(180)
def test_a_server_that_is_gone_goes_on_from_a_backup_taken_under_load(tmp_path: Path) -> None:
    with house(tmp_path / "house", parties=("all",)) as everything:
        server, receiver = everything.processes["all"], everything.processes["receiver"]
        story = everything.story
        back_up_under_load(everything, tmp_path)
        # From here on nothing arrives at the partner: it is all still owed at the backup.
        receiver.stop()
        waiting = story.client.cases.create(physical_abuse()).id
        Staff(server).move(waiting, "allocated")
        with story.going_on(people=1):
            story.wait_for(5)
            backup = tmp_path / "last backup"
            promised = {*story.cases, waiting}
            made = run("backup", str(backup), "--data", str(server.folder), "--with-secrets")
            story.wait_for(5)
        assert "storage-keys" in {one["name"] for one in made["files"]}
        check_halves(backup, promised)
        token, port = everything.token, server.port
        kill(server)
        shutil.rmtree(server.folder)

        folder = tmp_path / "restored"
        missing = run("restore", str(backup), "--data", str(folder))["missing"]
        assert missing == ["intake-token", "notify-secrets"]  # which this house's settings have
        _let_the_time_of_the_worker_pass(folder / "portal.db")
        again = ServerProcess(folder, port=port, environ=SETTINGS | _same(everything))
        with again, receiver:
            known = rows(backup / "gateway.db", "SELECT case_id FROM gateway_cases")
            assert promised <= known
            for case_id in sorted(known):
                shown = requests.get(
                    f"{again.address}/api/webhook/webform/cases/{case_id}/",
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=SECONDS,
                )
                assert (shown.status_code, shown.json()["id"]) == (200, case_id)
            staff = Staff(again)
            eventually(lambda: _status(staff, waiting) == "pending_allocation")
            staff.move(waiting, "allocated")
            everything.journal.take_until(
                {
                    (case_id, number)
                    for case_id in known
                    for number in range(1, _events(staff, case_id) + 1)
                }
            )


def _same(everything: House) -> dict[str, str]:
    return {
        "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-both",
        "FULFILLMENT_NOTIFY_SECRETS": everything.notify_secret,
    }


def _status(staff: Staff, case_id: str) -> object:
    return staff.get(f"cases/{case_id}/")["status"]


def _events(staff: Staff, case_id: str) -> int:
    """How many events a case has had: one for each step, and its completion."""
    history = staff.get(f"cases/{case_id}/")["history"]
    assert isinstance(history, list)
    return len(history) + any(step["new_status"] == "qc_passed" for step in history)


def _let_the_time_of_the_worker_pass(portal: Path) -> None:
    """Let the backup lie about until the worker's time is over."""
    with closing(sqlite3.connect(portal)) as opened, opened:
        changed = opened.execute(
            "UPDATE portal_cases SET due_at = due_at - ? WHERE status = 'allocated'", (WORKER_HAS,)
        )
        assert changed.rowcount >= 1
