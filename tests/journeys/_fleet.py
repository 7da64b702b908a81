"""Two gateways and two portals on one PostgreSQL database, behind a proxy that ends TLS."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import attrs
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from fulfillment_sdk import Client, signing
from tests.documents.reading import ROOT
from tests.ports import free_port
from tests.postgres import new_database, server

from ._proxies import Ports, proxy
from ._server import SECONDS, ServerProcess
from ._tls import ADDRESS, Certificates, certificates

STAFF = "staff-token-of-all-servers"
CODES_PER_ADDRESS = 3

_SERVERS = {
    "10.0.0.11:8000": "gateway",
    "10.0.0.12:8000": "gateway",
    "10.0.0.21:8000": "portal",
    "10.0.0.22:8000": "portal",
}
_LISTENERS = ("10.0.0.10:443", "10.0.0.10:8000", "10.0.0.10:8001")


class Post:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def handle_DATA(  # noqa: N802  the server's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.texts.append(message.get_content())
        return "250 OK"

    def code(self) -> str:
        """Return the code in the last mail."""
        found = re.search(r"\b\d{6}\b", self.texts[-1])
        assert found is not None
        return found[0]


class Nearby(ServerProcess):
    """A server without `--dev`, whose partners may have their endpoint on loopback."""

    def __init__(self, folder: Path, role: str, port: int, environ: Mapping[str, str]) -> None:
        flags = ["--role", role, "--host", ADDRESS]
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        super().__init__(folder, flags=flags, port=port, environ={**environ, "PYTHONPATH": path})
        interpreter, _, _, *rest = self._command
        self._command = [interpreter, "-m", "tests.journeys._nearby", *rest]


@attrs.frozen
class Fleet:
    """What runs, and where it is reached; `inside` is where the staff come in."""

    ports: Ports
    keys: Certificates
    post: Post
    gateways: tuple[Nearby, Nearby]
    portals: tuple[Nearby, Nearby]

    @property
    def address(self) -> str:
        return f"https://{ADDRESS}:{self.ports['10.0.0.10:443']}"

    @property
    def inside(self) -> str:
        return f"http://{ADDRESS}:{self.ports['10.0.0.10:8001']}"

    def session(self) -> requests.Session:
        """Return a session that trusts the authority, and nobody else."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.keys.authority)
        return session

    def partner(self, email: str, organization: str) -> Client:
        """Return a client with a token, obtained as partners do."""
        client = Client(base_url=self.address, session=self.session())
        client.auth.request_verification(email=email, organization_name=organization)
        code = self.post.code()
        client.auth.verify_otp(email=email, otp=code, organization_name=organization)
        return client


class Office:
    """The portals' staff, who reach either of the two."""

    def __init__(self, fleet: Fleet) -> None:
        self._base = f"{fleet.inside}/portal/api/"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {STAFF}"

    def post(self, path: str, **body: object) -> None:
        answer = self._session.post(self._base + path, json=body, timeout=SECONDS)
        assert answer.status_code == 201, answer.text

    def cases(self) -> list[str]:
        """Return the ids of all cases."""
        answer = self._session.get(f"{self._base}cases/?limit=200", timeout=SECONDS)
        return [item["id"] for item in answer.json()["items"]]


@contextmanager
def fleet(kind: str, folder: Path) -> Iterator[Fleet]:
    """Run the four servers and a proxy of a kind for as long as the block runs."""
    ports = {written: free_port() for written in (*_SERVERS, *_LISTENERS)}
    keys = certificates(folder)
    post, mail_port, database = Post(), free_port(), new_database()
    with ExitStack() as stack:
        stack.callback(server().drop_database, database)
        mail = Controller(post, hostname=ADDRESS, port=mail_port)
        mail.start()
        stack.callback(mail.stop)
        stack.enter_context(proxy(kind, folder / kind, ports, keys))
        shared = {
            "FULFILLMENT_DATABASE_URL": database,
            "FULFILLMENT_STORAGE_KEYS": _key(),
            "FULFILLMENT_JWT_KEYS": _key(),
            "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-all-servers",
            "FULFILLMENT_NOTIFY_SECRETS": signing.new_secret(),
            "FULFILLMENT_STAFF_TOKEN": STAFF,
            "FULFILLMENT_PUBLIC_URL": f"https://{ADDRESS}:{ports['10.0.0.10:443']}",
            "FULFILLMENT_PORTAL_URL": f"http://{ADDRESS}:{ports['10.0.0.10:8001']}",
            "FULFILLMENT_GATEWAY_URL": f"http://{ADDRESS}:{ports['10.0.0.10:8000']}",
            "FULFILLMENT_TRUSTED_PROXIES": ADDRESS,
            "FULFILLMENT_SMTP_URL": f"smtp://{ADDRESS}:{mail_port}",
            "FULFILLMENT_MAIL_FROM": "noreply@example.org",
            "FULFILLMENT_REGISTRATION": "open",
            "FULFILLMENT_CODE_LIMITS": f"5,{CODES_PER_ADDRESS}",
            "FULFILLMENT_RETRY_SCHEDULE": "0" + ",0.5" * 100,
            "FULFILLMENT_NOTIFY_BACKOFF": "0.1:0.5",
            "SSL_CERT_FILE": str(keys.authority),
        }
        servers = [
            Nearby(folder / f"{role}-{ports[written]}", role, ports[written], shared)
            for written, role in _SERVERS.items()
        ]
        for each in servers:
            stack.enter_context(each)
        one, other, *portals = servers
        yield Fleet(ports, keys, post, (one, other), (portals[0], portals[1]))


def _key() -> str:
    return f"k1:{base64.b64encode(os.urandom(32)).decode()}"
