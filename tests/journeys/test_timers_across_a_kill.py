"""A timer fires once, whatever became of the server meanwhile (contract, section 3)."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import requests

from fulfillment_sdk import Client
from fulfillment_sdk.cli.demo.case import physical_abuse

from ._endpoints import eventually
from ._partner import verified
from ._server import SECONDS, ServerProcess
from ._staff import Staff

CASES = 3


def shown(server: ServerProcess, case_id: str) -> Any:
    headers = {"Authorization": f"Bearer {server.staff_token}"}
    url = f"{server.address}/portal/api/cases/{case_id}/"
    return requests.get(url, headers=headers, timeout=SECONDS).json()


def test_a_timer_that_was_due_while_the_server_lay_dead_fires_once(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", environ={"FULFILLMENT_ACCEPTANCE_TIMEOUT": "1"})
    with server, Client(base_url=server.address) as client:
        verified(client, server)
        Staff(server).hire()
        case_ids = [client.cases.create(physical_abuse()).id for _ in range(CASES)]
        for case_id in case_ids:
            Staff(server).move(case_id, "allocated")
        server.signal(signal.SIGKILL)
        server.wait()
        server.start()
        eventually(
            lambda: all(shown(server, one)["status"] == "pending_allocation" for one in case_ids)
        )
        server.signal(signal.SIGKILL)
        server.wait()
        server.start()
        # One that is due later proves that the timers run, and had their look at the others.
        later = case_ids[-1]
        Staff(server).move(later, "allocated")
        eventually(lambda: len(shown(server, later)["history"]) == 5)
        told = [[step["reason"] for step in shown(server, one)["history"]] for one in case_ids]
    once = ["created", "assigned", "acceptance_timeout"]
    assert told == [once] * (CASES - 1) + [[*once, "reassigned", "acceptance_timeout"]]
