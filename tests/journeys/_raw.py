"""A partner without the SDK: plain requests at a gateway in a process of its own."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from fulfillment_sdk import strictjson

from ._server import SECONDS, ServerProcess

CASES = "/api/webhook/webform/"
AUTH = f"{CASES}auth/"
JSON = {"Content-Type": "application/json"}

Body = bytes | Iterable[bytes] | Mapping[str, object]


class Partner:
    """Calls one server; what it sends is exactly what it is given."""

    def __init__(self, server: ServerProcess, *, staff_token: str | None = None) -> None:
        self.server = server
        self._staff_token = staff_token
        self._session = requests.Session()
        self._organizations = 0

    def post(
        self,
        path: str,
        body: Body = b"",
        *,
        token: str | None = None,
        headers: Mapping[str, str] = JSON,
    ) -> requests.Response:
        """Send a body, or an object as JSON, with a bearer token if one is given."""
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = strictjson.dumps(dict(body)) if isinstance(body, Mapping) else body
        return self._session.post(
            self.server.address + path,
            data=data,
            headers=bearer | dict(headers),
            timeout=SECONDS,
            allow_redirects=False,
        )

    def get(self, path: str, *, token: str | None = None) -> requests.Response:
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self._session.get(self.server.address + path, headers=bearer, timeout=SECONDS)

    def case(
        self, body: Body, token: str | None, headers: Mapping[str, str] = JSON
    ) -> requests.Response:
        """Ask for a case."""
        return self.post(CASES, body, token=token, headers=headers)

    def ask(self, email: str, organization: str) -> requests.Response:
        """Ask for a code."""
        body = {"email": email, "organization_name": organization}
        return self.post(f"{AUTH}request-verification/", body)

    def verify(self, email: str, organization: str, code: str) -> requests.Response:
        """Offer a code."""
        body = {"email": email, "otp": code, "organization_name": organization}
        return self.post(f"{AUTH}verify-otp/", body)

    def last_mail(self, email: str) -> str:
        """Return the text of the newest mail to an address."""
        mails = self._session.get(
            f"{self.server.address}/dev/mailbox/", params={"to": email}, timeout=SECONDS
        )
        return str(mails.json()[0]["text"])

    def code(self, email: str) -> str:
        """Return the code in the newest mail to an address."""
        found = re.search(r"\b\d{6}\b", self.last_mail(email))
        assert found is not None
        return found[0]

    def token(self) -> str:
        """Return the token of an organisation that nobody else uses."""
        self._organizations += 1
        name = f"Organization {self._organizations} of {id(self):x}"
        body = {"organization_name": name, "organization_email": "owner@partner.example"}
        answer = self.post(f"{AUTH}token/", body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def staff(self, method: str, path: str) -> requests.Response:
        """Make a call of the gateway's administration."""
        token = self._staff_token or self.server.staff_token
        return self._session.request(
            method,
            f"{self.server.address}/admin/api/{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )

    def organization_id(self, name: str) -> str:
        """Return the id of the organisation that is called so."""
        items = self.staff("GET", "organizations/?limit=200").json()["items"]
        (found,) = [one["id"] for one in items if one["name"] == name]
        return str(found)

    def act(self, organization_id: str, action: str) -> None:
        """Approve, deactivate or activate an organisation."""
        answer = self.staff("POST", f"organizations/{organization_id}/{action}/")
        assert answer.status_code == 200, answer.text

    def close(self) -> None:
        self._session.close()


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


class Listener:
    """An endpoint that answers 202 and keeps the bodies that come."""

    def __init__(self, address: str, bodies: queue.Queue[bytes]) -> None:
        self.address = address
        self._bodies = bodies

    def wait_for(self, event_type: str) -> bytes:
        """Return the body of the next event of this type."""
        while True:
            body = self._bodies.get(timeout=SECONDS)
            if json.loads(body)["type"] == event_type:
                return body


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen for notifications while the block runs."""
    bodies: queue.Queue[bytes] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Listener(f"http://127.0.0.1:{server.server_address[1]}/", bodies)
        finally:
            server.shutdown()
            thread.join(SECONDS)
