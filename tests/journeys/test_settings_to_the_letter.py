"""A server without `--dev` whose every setting comes from its environment (contract, section 7)."""

from __future__ import annotations

import base64
import queue
import re
import socketserver
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Final

import jwt
import pytest
import requests

from fulfillment_sdk import signing
from fulfillment_sdk.store import Sealer
from tests import samples

from ._raw import AUTH, CASES, JSON
from ._server import SECONDS, ServerProcess, clean_environment, command

OWNER, ORGANIZATION = "owner@listed.example", "Settings"
KEYS: Final = (b"1" * 32, b"2" * 32)
NOTIFY: Final = signing.new_secret(lambda size: b"n" * size)
SECRETS: Final = {
    "FULFILLMENT_STAFF_TOKEN": "staff-token-of-this-test",
    "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-this-test",
    "FULFILLMENT_NOTIFY_SECRETS": NOTIFY,
    "FULFILLMENT_JWT_KEYS": f"kid9:{base64.b64encode(KEYS[0]).decode()}",
    "FULFILLMENT_STORAGE_KEYS": f"sid9:{base64.b64encode(KEYS[1]).decode()}",
}
OTHERS: Final = {
    "FULFILLMENT_PUBLIC_URL": "https://partners.example/base/",
    "FULFILLMENT_MAIL_FROM": "Cases <cases@settings.example>",
    "FULFILLMENT_REGISTRATION": "list",
    "FULFILLMENT_REGISTRATION_LIST": "@listed.example",
    "FULFILLMENT_LEGACY_TOKENS": "1",
    "FULFILLMENT_TRUSTED_PROXIES": "127.0.0.1",
    "FULFILLMENT_CASE_RATE": "3",
    "FULFILLMENT_CODE_LIMITS": "4,2",
    "FULFILLMENT_ACCEPTANCE_TIMEOUT": "0.2",
    "FULFILLMENT_REWORK_TIMEOUT": "0.2",
}
FILES: Final = {"staff-token", "intake-token", "notify-secrets", "jwt-keys", "storage-keys"}

Mails = queue.Queue[Message]


class _MailSession(socketserver.StreamRequestHandler):
    """Take one mail, in as much SMTP as that needs."""

    mails: Mails

    def handle(self) -> None:
        self._say("220 mail.example")
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go ahead")
                lines = iter(self.rfile.readline, b".\r\n")
                self.mails.put(message_from_string(b"".join(lines).decode()))
            self._say("221 bye" if verb == b"QUIT" else "250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[tuple[str, Mails]]:
    """Take mails while the block runs: its URL, and what has come."""
    mails: Mails = queue.Queue()
    session = type("Session", (_MailSession,), {"mails": mails})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), session) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"smtp://127.0.0.1:{server.server_address[1]}", mails
        finally:
            server.shutdown()
            thread.join(SECONDS)


class Setting:
    """The server of this module, and how a test calls it."""

    def __init__(self, server: ServerProcess, mails: Mails) -> None:
        self.server = server
        self.mails = mails
        self._callers = 0

    def caller(self) -> dict[str, str]:
        """Return the headers of a caller nobody has seen yet, as the trusted proxy writes them."""
        self._callers += 1
        return JSON | {"X-Forwarded-For": f"203.0.113.{self._callers}"}

    def post(
        self,
        path: str,
        body: object,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.post(
            self.server.address + path,
            json=body,
            headers=bearer | (self.caller() if headers is None else headers),
            timeout=SECONDS,
        )

    def ask(self, email: str, headers: dict[str, str] | None = None) -> requests.Response:
        body = {"email": email, "organization_name": ORGANIZATION}
        return self.post(f"{AUTH}request-verification/", body, headers=headers)

    def token(self) -> str:
        """Return a token of the one organisation, by mail the first time."""
        legacy = {"organization_name": ORGANIZATION, "organization_email": OWNER}
        known = self.post(f"{AUTH}token/", legacy)
        if known.status_code == 200:
            return str(known.json()["token"])
        assert known.status_code == 403  # without --dev the legacy call registers nobody
        assert self.ask(OWNER).status_code == 200
        mail = self.mails.get(timeout=SECONDS)
        found = re.search(r"\b\d{6}\b", str(mail.get_payload()))
        assert found is not None
        body = {"email": OWNER, "otp": found[0], "organization_name": ORGANIZATION}
        answer = self.post(f"{AUTH}verify-otp/", body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def staff(self, method: str, path: str, body: object = None) -> dict[str, object]:
        answer = requests.request(
            method,
            f"{self.server.address}/portal/api/{path}",
            json=body,
            headers={"Authorization": f"Bearer {SECRETS['FULFILLMENT_STAFF_TOKEN']}"},
            timeout=SECONDS,
        )
        assert answer.ok, answer.text
        found: dict[str, object] = answer.json()
        return found

    def case(self) -> str:
        """Return the id of a new case, with a worker there who could take it."""
        self.staff("POST", "workers/", {"name": "Amina"})
        answer = self.post(CASES, samples.read("case-minimal-valid"), token=self.token())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def begin(self, case_id: str) -> None:
        """Allocate a case and begin it, again where the timer was faster."""
        while self.staff("GET", f"cases/{case_id}/")["status"] != "in_progress":
            for to in ("allocated", "in_progress"):
                requests.post(
                    f"{self.server.address}/portal/api/cases/{case_id}/transitions/",
                    json={"to": to},
                    headers={"Authorization": f"Bearer {SECRETS['FULFILLMENT_STAFF_TOKEN']}"},
                    timeout=SECONDS,
                )

    def becomes(self, case_id: str, status: str) -> bool:
        """Wait until a case has a status."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if self.staff("GET", f"cases/{case_id}/")["status"] == status:
                return True
        return False


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("settings") / "data"
    with mail_server() as (url, mails):
        environ = {**SECRETS, **OTHERS, "FULFILLMENT_SMTP_URL": url}
        with ServerProcess(folder, flags=("--verbose",), environ=environ) as server:
            yield Setting(server, mails)


def test_a_mail_goes_to_the_mail_server_in_the_senders_name(there: Setting) -> None:
    assert there.ask("new@listed.example").status_code == 200
    mail = there.mails.get(timeout=SECONDS)
    assert mail["From"] == "Cases <cases@settings.example>"
    assert mail["To"] == "new@listed.example"


def test_who_is_not_on_the_list_gets_no_code(there: Setting) -> None:
    body = {"email": "a@else.example", "organization_name": "Someone Else"}
    assert there.post(f"{AUTH}request-verification/", body).status_code == 200
    text = str(there.mails.get(timeout=SECONDS).get_payload())
    assert re.search(r"\b\d{6}\b", text) is None


def test_the_limits_are_counted_for_the_address_that_the_proxy_vouches_for(there: Setting) -> None:
    caller = there.caller()
    asked = [there.ask(f"limit{number}@else.example", caller) for number in range(3)]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert there.ask("limit3@else.example").status_code == 200
    for _ in range(3):
        there.mails.get(timeout=SECONDS)


def test_the_rate_of_cases_is_the_one_that_is_set(there: Setting) -> None:
    token, caller = there.token(), there.caller()
    statuses = [there.post(CASES, {}, token=token, headers=caller).status_code for _ in range(4)]
    assert statuses == [400, 400, 400, 429]


def test_tokens_are_signed_with_the_given_key(there: Setting) -> None:
    token = there.token()
    assert jwt.get_unverified_header(token)["kid"] == "kid9"
    assert jwt.decode(token, KEYS[0], algorithms=["HS256"])["org_name"] == ORGANIZATION


def test_what_is_stored_is_sealed_with_the_given_key(there: Setting) -> None:
    there.token()
    with closing(sqlite3.connect(there.server.folder / "gateway.db")) as database:
        rows = database.execute("SELECT id, email FROM gateway_emails").fetchall()
    sealer = Sealer([("sid9", KEYS[1])])
    opened = [sealer.open(sealed, f"gateway_emails.email:{row_id}") for row_id, sealed in rows]
    assert opened == [OWNER.encode()]


def test_the_inner_hops_take_the_given_credentials_only(there: Setting) -> None:
    for token, status in ((SECRETS["FULFILLMENT_INTAKE_TOKEN"], 422), ("another", 401)):
        answer = there.post("/portal/api/intake/", {}, token=token)
        assert answer.status_code == status
    other = signing.new_secret(lambda size: b"o" * size)
    for secret, status in ((NOTIFY, 202), (other, 401)):
        headers = signing.headers([secret], f"evt_{status}", int(time.time()), b"{}")
        answer = requests.post(
            f"{there.server.address}/gateway/notifications/",
            data=b"{}",
            headers=JSON | headers,
            timeout=SECONDS,
        )
        assert answer.status_code == status


def test_a_case_that_nobody_accepts_or_reworks_in_time_goes_back(there: Setting) -> None:
    case_id = there.case()
    there.staff("POST", f"cases/{case_id}/transitions/", {"to": "allocated"})
    assert there.becomes(case_id, "pending_allocation")
    history = there.staff("GET", f"cases/{case_id}/")["history"]
    assert isinstance(history, list)
    assert history[-1]["reason"] == "acceptance_timeout"


def test_links_begin_with_the_public_address(there: Setting) -> None:
    case_id = there.case()
    form = {"form_name": "visit", "data": {}, "final": True}
    rework, passed = {"result": "rework", "instructions": "Again."}, {"result": "pass"}
    there.begin(case_id)
    there.staff("POST", f"cases/{case_id}/submissions/", form)
    there.staff("POST", f"cases/{case_id}/qc-reviews/", rework)
    assert there.becomes(case_id, "pending_allocation")
    history = there.staff("GET", f"cases/{case_id}/")["history"]
    assert isinstance(history, list)
    assert history[-1]["reason"] == "rework_timeout"
    there.begin(case_id)
    there.staff("POST", f"cases/{case_id}/submissions/", form)
    there.staff("POST", f"cases/{case_id}/qc-reviews/", passed)
    report = there.staff("GET", f"cases/{case_id}/")["report"]
    assert isinstance(report, dict)
    assert report["url"] == f"https://partners.example/base{CASES}cases/{case_id}/report/"


def test_there_is_no_development_mailbox(there: Setting) -> None:
    answer = requests.get(f"{there.server.address}/dev/mailbox/", timeout=SECONDS)
    assert answer.status_code == 404


def test_given_secrets_stand_in_no_file_log_or_process_list(there: Setting) -> None:
    token = there.token()
    shown = (Path("/proc") / str(there.server.pid) / "cmdline").read_bytes()
    files = [path for path in there.server.folder.iterdir() if path.is_file()]
    assert not FILES & {path.name for path in files}
    kept = b"".join(path.read_bytes() for path in files)
    for secret in (token, *(text.rpartition(":")[2] for text in SECRETS.values())):
        assert secret.encode() not in kept + shown
        assert secret not in there.server.log
    assert "route=" in there.server.log


def test_a_database_that_is_not_there_is_an_error_without_its_password(tmp_path: Path) -> None:
    url = {"FULFILLMENT_DATABASE_URL": "postgresql://u:kilimanjaro@127.0.0.1:1/name"}
    ended = subprocess.run(
        command("serve", "--dev", "--port", "0", "--data", str(tmp_path / "data")),
        env=clean_environment(url),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Error: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "kilimanjaro" not in ended.stderr
