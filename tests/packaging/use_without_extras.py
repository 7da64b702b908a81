"""What a partner's first script does, in an environment that holds the wheel without extras.

Run by `test_without_extras.py` with that environment's interpreter; prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import fulfillment_sdk
from fulfillment_sdk import Client, NewCase, Person, signing

seen: list[dict[str, object]] = []
ANSWER = {
    "id": "case_987654",
    "status": "open",
    "created_at": "2025-04-05T10:30:02Z",
    "assigned_to": "agent_001",
    "reference_number": "HL-CMS-000123",
}


class Gateway(BaseHTTPRequestHandler):
    """Answers a case creation with the documents' example."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen.append({"path": self.path, "token": self.headers["Authorization"], **json.loads(body)})
        answer = json.dumps(ANSWER).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output to the one object."""


def create_a_case() -> object:
    """Create a case at a gateway on this machine, and return what the client made of the answer."""
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        client = Client(base_url=f"http://{host!s}:{port}", token="a-token")
        created = client.cases.create(
            NewCase(
                reporter=Person(fname="Jane Smith"),
                gbv_related=False,
                case_category_id="362484",
                narrative="Harassment at the workplace.",
                plan="Initial assessment required",
                priority="2",
                status="1",
            )
        )
        server.shutdown()
    return {"id": created.id, "reference_number": created.reference_number}


def verify_a_notification() -> str:
    """Read a notification without storing it, and return its case."""
    secret, body = (
        "whsec_" + "A" * 32,
        b'{"id": "evt_1", "type": "t", "data": {"case_id": "case_1"}}',
    )
    headers = signing.headers([secret], "evt_1", 1_743_955_200, body)
    return fulfillment_sdk.verify(headers, body, secrets=secret, now=1_743_955_200).case_id


def ask_for_the_receiver() -> object:
    """Ask for what needs an extra, and return the error."""
    try:
        fulfillment_sdk.Receiver(secrets=["whsec_" + "A" * 32], data="inbox")
    except fulfillment_sdk.FulfillmentError as error:
        return {"error": type(error).__name__, "text": str(error)}
    return {"error": None, "text": ""}


if __name__ == "__main__":
    report = {
        "created": create_a_case(),
        "verified": verify_a_notification(),
        "loaded": sorted({name.partition(".")[0] for name in sys.modules}),
        "seen": seen,
        "file": fulfillment_sdk.__file__,
        "receiver": ask_for_the_receiver(),
    }
    sys.stdout.write(json.dumps(report))
