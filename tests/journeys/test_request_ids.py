"""One request's id in both processes' logs: contract, section 1."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.integration.gateway.parts import BASE, CASE

from ._hops import two_processes
from ._server import SECONDS, ServerProcess


def lines_of(server: ServerProcess, request_id: str) -> list[str]:
    return [line for line in server.log.splitlines() if f" request_id={request_id}" in line]


def test_a_partners_request_id_is_in_the_logs_of_both_processes(tmp_path: Path) -> None:
    with two_processes(tmp_path) as hops:
        known = {"organization_name": "Partner", "organization_email": "intake@partner.example"}
        token = ""

        def post(path: str, body: object, request_id: str = "") -> requests.Response:
            headers = {"X-Request-Id": request_id, "Authorization": f"Bearer {token}"}
            url = f"{hops.gateway.address}{BASE}/{path}"
            return requests.post(url, json=body, headers=headers, timeout=SECONDS)

        token = post("auth/token/", known).json()["token"]
        created = post("", CASE, "partners-own-1")
        cancelled = post(f"cases/{created.json()['id']}/cancel/", {}, "partners-own-2")
        assert (created.status_code, cancelled.status_code) == (201, 200)
        assert cancelled.headers["X-Request-Id"] == "partners-own-2"
        for request_id, call, status in (
            ("partners-own-1", "take_in", 201),
            ("partners-own-2", "cancel", 200),
        ):
            [at_the_portal] = lines_of(hops.portal, request_id)
            assert f"call={call} status={status}" in at_the_portal
            [at_the_gateway] = lines_of(hops.gateway, request_id)
            assert f"status={status}" in at_the_gateway
        for server in (hops.portal, hops.gateway):
            assert "John Doe" not in server.log
            assert token not in server.log
