"""Whole HTTP requests to a server of ours: cases, their steps, and calls that only ask."""

from __future__ import annotations

import json
from collections.abc import Mapping

PARTNERS = "/api/webhook/webform/"
STAFF = "/portal/api/"

_CASE = {
    "reporter": {
        "fname": "Jane Smith",
        "age": "34",
        "phone": "+10000000000",
        "email": "jane@example.org",
    },
    "clients_case": [{"fname": "John Smith", "age": "9"}],
    "gbv_related": False,
    "case_category_id": "362484",
    "narrative": "What happened, in the reporter's words. " * 5,
    "plan": "Initial assessment required",
    "priority": "2",
    "status": "1",
    "verification": {
        "client_case_id": "CLIENT-2025-0001",
        "candidate_name": "John Smith",
        "location": {"address_line": "1 Example Street", "city": "Exampleton", "pincode": "000000"},
        "instructions": "Ask for the gate's colour.",
    },
}


def creation(token: str, run: str, index: int) -> bytes:
    """Write the creation of a case of 750 bytes, with the two keys that the client sends."""
    name = f"{run}-{index:08d}"
    case = json.dumps({**_CASE, "src_uid": name}, separators=(",", ":")).encode()
    return request("POST", PARTNERS, {**_bearer(token), "idempotency-key": name}, case)


def asking(path: str, token: str) -> bytes:
    """Write a call that changes nothing; without a token where that is empty."""
    return request("GET", path, _bearer(token) if token else {})


def step(staff_token: str, case_id: str, to: str, worker_id: str) -> bytes:
    """Write a change of a case's status, as the portal's staff ask for it."""
    body = {"to": to, "worker_id": worker_id} if to == "allocated" else {"to": to}
    path = f"{STAFF}cases/{case_id}/transitions/"
    return request("POST", path, _bearer(staff_token), json.dumps(body).encode())


def request(method: str, path: str, headers: Mapping[str, str], content: bytes = b"") -> bytes:
    """Write a request to loopback; one with a body says that it is JSON."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    if content:
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
