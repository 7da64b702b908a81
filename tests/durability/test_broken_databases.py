"""A full disk and a locked database: 503 with `Retry-After`, nothing lost, on without a restart.

One server with both parties and a partner's receiver; the disks are small ones of their own.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import requests

from fulfillment_sdk import signing
from tests.journeys._server import SECONDS, ServerProcess
from tests.journeys._staff import Staff

from ._disk import Disk
from ._events import event
from ._house import House

CASE: dict[str, object] = {
    "reporter": {"fname": "jasson"},
    "gbv_related": False,
    "case_category_id": "362484",
    "narrative": "As told " * 500,
    "plan": "Initial assessment required",
    "priority": "2",
    "status": "1",
}
MOST = 2000
"""Requests that surely fill what is left of a full disk: SQLite goes on in pages it has."""


def test_a_full_disk_at_gateway_and_portal_loses_nothing(
    together: House, disks: dict[str, Disk]
) -> None:
    server = together.processes["all"]
    case_id = _create(together, "before the disk is full").json()["id"]
    before = server.pid
    notification = _notification("evt_full")

    def hire() -> requests.Response:
        return _hire(server)

    with disks["all"].full():
        made, created = _until_refused(lambda number: _create(together, f"full {number}"))
        hired, at_the_portal = _until_refused(lambda _number: hire())
        _, notified = _until_refused(
            lambda number: _notify(together, _notification(f"evt_filling_{number}"))
        )
        unheard = _notify(together, notification)
    for refused in (created, at_the_portal, notified, unheard):
        _is_503(refused)

    again = _create(together, f"full {len(made)}")
    assert again.status_code == 201
    assert hire().status_code == 201
    assert _notify(together, notification).status_code == 202
    assert server.pid == before
    for number, accepted in enumerate(made):
        assert _create(together, f"full {number}").json() == accepted.json()
    workers = Staff(server).get("workers/?limit=200")["items"]
    assert isinstance(workers, list)
    assert len(workers) == min(200, 2 + len(hired))  # the house has hired one, too
    _everything_arrives(together, [case_id, again.json()["id"], *(a.json()["id"] for a in made)])


def test_a_full_disk_at_the_receiver_loses_nothing(together: House, disks: dict[str, Disk]) -> None:
    case_id = _create(together, "the receiver is full").json()["id"]
    with disks["receiver"].full():
        taken, refused = _until_refused(
            lambda number: _receive(together, event(f"evt_{number}", "case_filler", number + 1))
        )
        staff = Staff(together.processes["all"])
        staff.move(case_id, "allocated")
        staff.move(case_id, "in_progress")
    _is_503(refused)
    last = event(f"evt_{len(taken)}", "case_filler", len(taken) + 1)
    assert _receive(together, last).status_code == 202
    _everything_arrives(together, [case_id], events=3)
    together.journal.take_until({("case_filler", n + 1) for n in range(len(taken) + 1)})


def test_a_locked_database_loses_nothing_at_any_of_the_three(together: House) -> None:
    server = together.processes["all"]
    first = _create(together, "before the lock").json()["id"]
    staff = Staff(server)
    _everything_arrives(together, [first])
    asked: list[Callable[[], requests.Response]] = [
        lambda: _create(together, "locked"),
        lambda: _move(server, first, "allocated"),
        lambda: _notify(together, _notification("evt_locked")),
        lambda: _receive(together, event("evt_locked_out", "case_locked", 1)),
    ]
    databases = [
        server.folder / "gateway.db",
        server.folder / "portal.db",
        together.processes["receiver"].folder / "receiver.db",
    ]
    with ExitStack() as locks, ThreadPoolExecutor(len(asked)) as threads:
        for path in databases:
            locked = locks.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            locked.execute("PRAGMA busy_timeout=20000")
            locked.execute("BEGIN IMMEDIATE")
        for refused in threads.map(lambda ask: ask(), asked):
            _is_503(refused)

    assert [ask().status_code for ask in asked] == [201, 201, 202, 202]
    assert staff.get(f"cases/{first}/")["status"] == "allocated"
    _everything_arrives(together, [first], events=2)
    together.journal.take_until({("case_locked", 1)})


def _everything_arrives(together: House, cases: list[str], events: int = 1) -> None:
    together.journal.take_until({(case, n + 1) for case in cases for n in range(events)})
    for entries in together.journal.by_case().values():
        numbers = [entry.sequence for entry in entries]
        assert numbers == list(range(1, len(numbers) + 1))


def _until_refused(
    ask: Callable[[int], requests.Response],
) -> tuple[list[requests.Response], requests.Response]:
    """Ask until it is refused; return what was accepted before, and the refusal."""
    accepted: list[requests.Response] = []
    while (answer := ask(len(accepted))).ok:
        accepted.append(answer)
        assert len(accepted) < MOST, "the disk never got full"
    return accepted, answer


def _is_503(answer: requests.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) >= 1


def _create(together: House, key: str) -> requests.Response:
    return requests.post(
        f"{together.processes['all'].address}/api/webhook/webform/",
        json=CASE,
        headers={"Authorization": f"Bearer {together.token}", "Idempotency-Key": key},
        timeout=SECONDS,
    )


def _hire(server: ServerProcess) -> requests.Response:
    return _staff_post(server, "workers/", {"name": "Amina Otieno " * 15})


def _move(server: ServerProcess, case_id: str, to: str) -> requests.Response:
    return _staff_post(server, f"cases/{case_id}/transitions/", {"to": to})


def _staff_post(server: ServerProcess, path: str, body: dict[str, object]) -> requests.Response:
    headers = {"Authorization": f"Bearer {server.staff_token}"}
    url = f"{server.address}/portal/api/{path}"
    return requests.post(url, json=body, headers=headers, timeout=SECONDS)


def _notification(event_id: str) -> bytes:
    """A notification of an organisation that has no subscription here."""
    return event(event_id, "case_elsewhere", 1)


def _notify(together: House, body: bytes) -> requests.Response:
    url = f"{together.processes['all'].address}/gateway/notifications/"
    return _signed(url, together.notify_secret, body)


def _receive(together: House, body: bytes) -> requests.Response:
    return _signed(together.processes["receiver"].address, together.secret, body)


def _signed(url: str, secret: str, body: bytes) -> requests.Response:
    event_id = body.split(b'"', 4)[3].decode()
    headers = signing.headers([secret], event_id, int(time.time()), body)
    headers["Content-Type"] = "application/json"
    return requests.post(url, body, headers=headers, timeout=SECONDS)
