"""A real `fulfillment serve` for the load, in one process or with gateway and portal in one each.

As a module it is the child: the command itself, which ends with its parent.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import time
from typing import Any, Self

import attrs
import requests

from benchmarks import calls
from benchmarks.machine import cpu_seconds
from benchmarks.processes import Child, Spec, end_with_parent
from benchmarks.run import Bench
from fulfillment_sdk import cli, signing

PATIENCE = 60.0
NO_LIMIT = str(2**31 - 1)


@attrs.frozen
class Deployment:
    """How a server is set up."""

    name: str
    apart: bool
    postgres: bool


DEPLOYMENTS = (
    Deployment("one process, SQLite", apart=False, postgres=False),
    Deployment("separate roles, SQLite", apart=True, postgres=False),
    Deployment("one process, PostgreSQL", apart=False, postgres=True),
    Deployment("separate roles, PostgreSQL", apart=True, postgres=True),
)


class Served:
    """The processes of one server; as a context manager they run meanwhile.

    `token` is the partner's, `staff_token` the portal's first admin's.
    """

    def __init__(self, bench: Bench, deployment: Deployment) -> None:
        self._bench = bench
        self._folder = bench.new_folder()
        self.staff_token = secrets.token_urlsafe(24)
        self.token = ""
        ports = _free_ports(2 if deployment.apart else 1)
        self.portal, self.gateway = ports[0], ports[-1]
        self._roles = ("portal", "gateway") if deployment.apart else ("all",)
        self._environ = {
            "FULFILLMENT_STAFF_TOKEN": self.staff_token,
            "FULFILLMENT_INTAKE_TOKEN": secrets.token_urlsafe(24),
            "FULFILLMENT_NOTIFY_SECRETS": signing.new_secret(),
            "FULFILLMENT_CASE_RATE": NO_LIMIT,
            "FULFILLMENT_CALL_RATE": NO_LIMIT,
        }
        if deployment.apart:
            self._environ["FULFILLMENT_PORTAL_URL"] = f"http://127.0.0.1:{self.portal}"
            self._environ["FULFILLMENT_GATEWAY_URL"] = f"http://127.0.0.1:{self.gateway}"
        if deployment.postgres:
            self._environ["FULFILLMENT_DATABASE_URL"] = bench.postgres.new_database().url()
        self._children: dict[str, Child] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self) -> Self:
        """Start the processes, and wait until they are ready."""
        ports = dict(zip(self._roles, (self.portal, self.gateway), strict=False))
        for role, port in ports.items():
            flags = ["--dev", "--role", role, "--port", str(port)]
            spec = {"flags": [*flags, "--data", str(self._folder / role)], "environ": self._environ}
            self._children[role] = self._bench.child("served", spec=spec)
        for role, port in ports.items():
            _wait(self._children[role], port)
        return self

    def register(self) -> None:
        """Obtain the partner's token."""
        body = {"organization_name": "Bench", "organization_email": "bench@example.org"}
        self.token = str(self._post(f"{calls.PARTNERS}auth/token/", body)["token"])

    def subscribe(self, url: str, secret: str) -> None:
        """Have everything sent to an endpoint."""
        self._post(f"{calls.PARTNERS}subscriptions/", {"url": url, "secret": secret})

    def add_worker(self) -> str:
        """Enter a worker, and return the id."""
        return str(self._post(f"{calls.STAFF}workers/", {"name": "Asha"}, staff=True)["id"])

    def case_ids(self) -> list[str]:
        """Return the ids of all cases in the portal's list, as often as they are in it."""
        found: list[str] = []
        after = ""
        while True:
            url = f"http://127.0.0.1:{self.portal}{calls.STAFF}cases/?limit=200{after}"
            answer = self._session.get(url, headers=_bearer(self.staff_token), timeout=PATIENCE)
            answer.raise_for_status()
            page = answer.json()
            found += [str(case["id"]) for case in page["items"]]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time that each process has had, by its role."""
        return {role: cpu_seconds(child.pid) for role, child in self._children.items()}

    def kill(self) -> None:
        """End the processes as a crash would."""
        for child in self._children.values():
            child.kill()
        self._session.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            child.stop()
        self._session.close()

    def _post(self, path: str, body: dict[str, str], *, staff: bool = False) -> dict[str, Any]:
        port, token = (self.portal, self.staff_token) if staff else (self.gateway, self.token)
        headers = _bearer(token) if token else {}
        url = f"http://127.0.0.1:{port}{path}"
        answer = self._session.post(url, json=body, headers=headers, timeout=PATIENCE)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _wait(child: Child, port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        child.check()
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE).ok:
                return
        except requests.ConnectionError:
            pass
        if time.monotonic() > end:
            raise TimeoutError("the server is not ready")
        time.sleep(0.05)


def main(spec: Spec) -> None:
    """Be `fulfillment serve`, with no settings but those of the spec."""
    end_with_parent()
    for name in [name for name in os.environ if name.startswith("FULFILLMENT_")]:
        del os.environ[name]
    os.environ.update(spec["environ"])
    cli.main(["serve", *spec["flags"]])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
