"""A partner without an address of its own waits for its events, and holds up nobody's end."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from fulfillment_sdk import Client
from fulfillment_sdk.cli.demo.case import physical_abuse

from ._raw import Partner
from ._server import SECONDS, ServerProcess
from ._staff import Staff

MOST_WAITING = 8


def events(server: ServerProcess, token: str, **query: object) -> requests.Response:
    return requests.get(
        f"{server.address}/api/webhook/webform/events/",
        params={name: str(value) for name, value in query.items()},
        headers={"Authorization": f"Bearer {token}"},
        timeout=SECONDS,
    )


def wait_for_events(server: ServerProcess, token: str) -> requests.Response:
    """Wait until there is an answer; whoever looks how many wait may have taken our place."""
    while (answer := events(server, token, wait=25)).status_code == 429:
        continue
    return answer


def test_a_case_is_followed_event_by_event(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "server") as server:
        token = Partner(server).token()
        staff = Staff(server)
        staff.hire()
        with Client(base_url=server.address, token=token) as client:
            case = client.cases.create(physical_abuse())
        steps = iter(("allocated", "in_progress"))
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while len(found) < 3:
            page = events(server, token, wait=25, **cursor).json()
            assert page["events"], "nothing came in 25 seconds"
            found += page["events"]
            cursor = {"after": page["next"]}
            if (step := next(steps, None)) is not None:
                staff.move(case.id, step)
    assert [one["data"]["sequence"] for one in found] == [1, 2, 3]
    assert {one["data"]["case_id"] for one in found} == {case.id}


def test_those_who_wait_are_answered_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path / "server") as server,
        ThreadPoolExecutor(MOST_WAITING) as pool,
    ):
        token = Partner(server).token()
        waiting = [pool.submit(wait_for_events, server, token) for _ in range(MOST_WAITING)]
        while events(server, token, wait=0.001).status_code != 429:
            assert not any(one.done() for one in waiting)
        server.signal(signal.SIGTERM)
        answers = [one.result(10) for one in waiting]
        assert server.wait() == 0
    assert {(one.status_code, str(one.json()["events"])) for one in answers} == {(200, "[]")}
    assert all(one.json()["next"] for one in answers)
