"""No personal data, code, token, secret or file in any log line of either party, at most verbose.

A whole journey, and what goes wrong beside it. Each value is a word that occurs nowhere else.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from fulfillment_sdk import signing
from tests.ports import free_port

from ._endpoints import Answer, Listener, Received, eventually
from ._server import SECONDS, ServerProcess
from ._telltale import Telltales

PARTNERS = "/api/webhook/webform/"
STAFF = "/portal/api/"
ADMIN = "/admin/api/"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
TELLTALE = 45


class Teller:
    """Somebody who says telltale words to a server, on all its ways in."""

    def __init__(self, server: ServerProcess, notify_secret: str) -> None:
        self.server = server
        self.words = Telltales()
        self.statuses: dict[str, int] = {}
        self._notify_secret = notify_secret
        self.words.keep("notify secret", notify_secret.removeprefix("whsec_"))
        self.words.keep("staff token", server.staff_token)
        for file in ("intake-token", "jwt-keys", "storage-keys"):
            kept = (server.folder / file).read_text().strip()
            self.words.keep(file, kept.rpartition(":")[2])
        self.token = ""

    def call(self, what: str, method: str, path: str, **sends: Any) -> requests.Response:
        """Call the server; `what` this is about names the status that it led to."""
        answer = requests.request(
            method, self.server.address + path, timeout=SECONDS, allow_redirects=False, **sends
        )
        self.statuses[what] = answer.status_code
        return answer

    def partner(self, what: str, method: str, path: str, **sends: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **sends.pop("headers", {})}
        return self.call(what, method, PARTNERS + path, headers=headers, **sends)

    def staff(self, what: str, method: str, path: str, **sends: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.server.staff_token}"}
        return self.call(what, method, path, headers=headers, **sends)

    def case(self) -> dict[str, object]:
        """Return a case in which every text about people is a word of its own."""
        word = self.words.word

        def person(who: str) -> dict[str, object]:
            return {
                "fname": word(f"{who} name"),
                "phone": self.words.keep(f"{who} phone", f"0712{len(self.words):06}"),
                "email": f"{word(f'{who} mail')}@example.org",
            }

        return {
            "src_uid": word("src uid"),
            "reporter": person("reporter"),
            "clients_case": [person("client")],
            "perpetrators_case": [{"fname": word("perpetrator name")}],
            "gbv_related": True,
            "case_category_id": "362485",
            "narrative": f"What {word('narrative')} said.",
            "plan": word("plan"),
            "priority": "1",
            "status": "1",
            "further": {word("unknown key"): word("unknown value")},
        }

    def register(self) -> None:
        """Obtain a token with a code, after much that is refused."""
        word = self.words.word
        email, name = f"{word('mailbox').lower()}@example.org", word("organization")
        who = {"email": email, "organization_name": name}

        def auth(what: str, path: str, body: object) -> requests.Response:
            return self.call(what, "POST", f"{PARTNERS}auth/{path}/", json=body)

        auth("no address", "request-verification", {**who, "email": word("bad address")})
        auth("nothing pending", "verify-otp", {**who, "otp": "000000"})
        auth("code sent", "request-verification", who)
        query = {"to": email}
        letters = self.call("mailbox", "GET", "/dev/mailbox/", params=query).json()
        code = self.words.keep("code", letters[0]["text"].partition("code is ")[2][:6])
        auth("wrong code", "verify-otp", {**who, "otp": word("wrong code")})
        self.token = auth("verified", "verify-otp", {**who, "otp": code}).json()["token"]
        for part, text in zip(("head", "claims", "signature"), self.token.split("."), strict=True):
            self.words.keep(f"token's {part}", text)
        other = f"{word('other mailbox')}@example.org"
        auth("legacy refused", "token", {**who, "organization_email": other})

    def go_wrong_as_a_partner(self) -> None:
        """Send what is refused."""
        word, case = self.words.word, self.case()
        forged = {"Authorization": f"Bearer {word('forged token')}"}
        self.call("forged", "POST", PARTNERS, json=case, headers=forged)
        self.partner("no json", "POST", "", data=f'{{"narrative": "{word("broken json")}')
        headers = {"Content-Type": "application/json"}
        broken = f'{{"narrative": "{word("broken json sent as such")}'
        self.partner("broken", "POST", "", data=broken, headers=headers)
        self.partner("missing", "POST", "", json={**case, "plan": ""})
        self.partner("invalid", "POST", "", json={**case, "gbv_related": word("odd flag")})
        self.partner("too large", "POST", "", json={**case, "narrative": word("long") * 200_000})
        keyed = {"Idempotency-Key": word("idempotency key")}
        self.partner("keyed", "POST", "", json=case, headers=keyed)
        self.partner("repeated", "POST", "", json=case, headers=keyed)
        other = {**case, "narrative": word("another narrative")}
        self.partner("conflict", "POST", "", json=other, headers=keyed)
        self.partner("unknown path", "GET", f"{word('path')}/?{word('query')}={word('argument')}")
        self.partner("unknown case", "GET", f"cases/{word('case id')}/")
        self.partner(
            "odd search", "GET", "cases/", params={"src_uid": word("searched"), "limit": 0}
        )
        self.call(
            "odd id", "GET", "/healthz", headers={"X-Request-Id": f"{word('request id')} odd"}
        )
        self.half_a_request()

    def half_a_request(self) -> None:
        """Send a request that ends in the middle, and one that is none."""
        host, port = "127.0.0.1", self.server.port
        for what in ("half a body", "no http"):
            head = f"POST {PARTNERS} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            with socket.create_connection((host, port), timeout=SECONDS) as peer:
                if what == "no http":
                    peer.sendall(f"{self.words.word(what)}\x01\r\n\r\n".encode())
                    peer.recv(1000)
                else:
                    token = f"Authorization: Bearer {self.token}\r\nContent-Length: 1000\r\n\r\n"
                    peer.sendall(f"{head}{token}{self.words.word(what)}".encode())

    def go_wrong_with_files(self) -> None:
        """Send files that are taken and files that are refused."""
        word = self.words.word

        def attach(what: str, content: bytes) -> None:
            file = (f"{word(f'{what} file name')}.jpg", content + word(what).encode(), "image/jpeg")
            self.partner(what, "POST", "attachments/", files={"file": file})

        attach("photo", JPEG)
        attach("program", b"\x7fELF\x00\x01")
        attach("huge photo", JPEG + b"p" * (10 << 20))
        body = f"--x\r\nContent-Disposition: form-data; {word('form field')}"
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        self.partner("broken form", "POST", "attachments/", data=body, headers=headers)

    def subscribe(self, listener: Listener) -> None:
        """Have notifications sent to where they are refused, and to where nobody is."""
        word = self.words.word
        for what, url in (
            ("subscribed", f"{listener.address}/{word('hook path')}?key={word('hook key')}"),
            ("subscribed to nobody", f"http://127.0.0.1:{free_port()}/{word('dead hook')}"),
        ):
            body = {"url": url, "description": word(f"{what} description")}
            secret = self.partner(what, "POST", "subscriptions/", json=body).json()["secret"]
            self.words.keep(f"{what} secret", secret.removeprefix("whsec_"))
        credentials = f"http://{word('user')}:{word('password')}@127.0.0.1/hook"
        self.partner("with credentials", "POST", "subscriptions/", json={"url": credentials})
        given = {"url": listener.address, "secret": f"whsec_{word('bad secret')}"}
        self.partner("bad secret", "POST", "subscriptions/", json=given)

    def drive(self, case_id: str) -> None:
        """Take a case to its completion, with what staff says about people, and mistakes."""
        word, path = self.words.word, f"{STAFF}cases/{case_id}/"
        worker = {"name": word("worker"), "phone": self.words.keep("worker phone", "0799123456")}
        self.staff("hired", "POST", f"{STAFF}workers/", json=worker)
        for to in ("allocated", "in_progress"):
            step = {"to": to, "comment": word(f"comment on {to}")}
            self.staff(to, "POST", f"{path}transitions/", json=step)
        illegal = {"to": "reported", "comment": word("comment on nothing")}
        self.staff("illegal", "POST", f"{path}transitions/", json=illegal)
        self.staff("unknown status", "POST", f"{path}transitions/", json={"to": word("status")})
        evidence = {"file": (f"{word('evidence name')}.jpg", JPEG + word("evidence").encode())}
        self.staff("evidence", "POST", f"{path}files/", files=evidence)
        form = {"form_name": word("form"), "data": {word("field"): word("finding")}}
        self.staff("bad form", "POST", f"{path}submissions/", json={**form, "outcome": word("out")})
        self.staff("form", "POST", f"{path}submissions/", json={**form, "final": True})
        review = {"result": "pass", "comments": word("review")}
        self.staff("review", "POST", f"{path}qc-reviews/", json=review)
        self.partner("report", "GET", f"cases/{case_id}/report/")
        self.staff("search", "GET", f"{STAFF}cases/", params={"q": word("staff search")})
        stranger = {"Authorization": f"Bearer {word('no staff token')}"}
        for party, what in ((STAFF, "cases/"), (ADMIN, "organizations/")):
            self.call(f"strange at {party}", "GET", party + what, headers=stranger)

    def notify(self) -> None:
        """Bring notifications: a forged one, and a signed one that nobody can read."""
        word = self.words.word
        body = json.dumps({"narrative": word("notified")}).encode()
        for what, secret in (
            ("forged notification", signing.new_secret()),
            ("unreadable notification", self._notify_secret),
        ):
            event_id = f"evt_{what.split()[0]}"
            headers = signing.headers([secret], event_id, int(time.time()), body)
            headers = {**headers, "Content-Type": "application/json"}
            self.call(what, "POST", "/gateway/notifications/", data=body, headers=headers)


ANSWERED = {"header": "ZqxAnsweredHeaderVkj", "body": "ZqxAnsweredBodyVkj"}


def refuse_first() -> Callable[[Received], Answer]:
    """Return the answers of an endpoint that fails at first, and says too much."""
    seen: list[str] = []

    def answer(request: Received) -> Answer:
        seen.append(request.headers["webhook-id"])
        if seen.count(seen[-1]) > 1:
            return 204, {}, b""
        return 500, {"X-Said": ANSWERED["header"]}, ANSWERED["body"].encode()

    return answer


def expected(statuses: dict[str, int]) -> None:
    """Make sure that what should go wrong did, and the rest did not."""
    wrong = {what: status for what, status in statuses.items() if status >= 400}
    assert wrong == {
        "no address": 400,
        "nothing pending": 404,
        "wrong code": 400,
        "legacy refused": 403,
        "forged": 401,
        "no json": 415,
        "broken": 400,
        "missing": 400,
        "invalid": 400,
        "too large": 413,
        "conflict": 409,
        "unknown path": 404,
        "unknown case": 404,
        "odd search": 400,
        "program": 415,
        "huge photo": 413,
        "broken form": 400,
        "with credentials": 400,
        "bad secret": 400,
        "illegal": 409,
        "unknown status": 400,
        "bad form": 400,
        f"strange at {STAFF}": 401,
        f"strange at {ADMIN}": 401,
        "forged notification": 401,
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_log_line_tells_who_said_what(tmp_path: Path, form: str) -> None:
    secret = signing.new_secret()
    environ = {
        "FULFILLMENT_LOG_FORMAT": form,
        "FULFILLMENT_NOTIFY_SECRETS": secret,
        "FULFILLMENT_RETRY_SCHEDULE": "0,0.05,0.05",
    }
    server = ServerProcess(tmp_path / "data", flags=("--dev", "--verbose"), environ=environ)
    listener = Listener(refuse_first())
    with server, listener.listening():
        teller = Teller(server, secret)
        for what, said in ANSWERED.items():
            teller.words.keep(f"answered {what}", said)
        teller.register()
        teller.subscribe(listener)
        created = teller.partner("created", "POST", "", json=teller.case()).json()["id"]
        teller.go_wrong_as_a_partner()
        teller.go_wrong_with_files()
        teller.drive(created)
        teller.notify()
        listener.wait(created, 2 * 6)  # each of its events twice: refused, and taken
        dead = {"text": "outcome=dead", "json": '"outcome": "dead"'}[form]
        eventually(lambda: dead in server.log)
        expected(teller.statuses)
    log = server.log
    assert len(teller.words) >= TELLTALE
    assert teller.words.found_in(log) == []
    # It is verbose, and all of it is in the form that was asked for.
    lines = log.splitlines()
    assert len(lines) > len(teller.statuses)
    for line in lines:
        assert json.loads(line)["time"] if form == "json" else line.startswith("time=")


def test_no_log_line_tells_it_either_where_portal_and_mail_server_are_away(tmp_path: Path) -> None:
    words = Telltales()
    credentials = f"{words.word('smtp user')}:{words.word('smtp password')}"
    environ = {
        "FULFILLMENT_SMTP_URL": f"smtp://{credentials}@127.0.0.1:{free_port()}",
        "FULFILLMENT_PORTAL_URL": f"http://127.0.0.1:{free_port()}",
    }
    server = ServerProcess(tmp_path / "data", flags=("--dev", "--verbose"), environ=environ)
    with server:
        teller = Teller(server, words.word("no secret"))
        teller.words = words
        email, name = f"{words.word('mailbox')}@example.org", words.word("organization")
        who = {"email": email, "organization_name": name}
        teller.call("mail", "POST", f"{PARTNERS}auth/request-verification/", json=who)
        known = {"organization_name": name, "organization_email": email}
        answer = teller.call("token", "POST", f"{PARTNERS}auth/token/", json=known)
        teller.token = words.keep("token", answer.json()["token"])
        teller.partner("case", "POST", "", json=teller.case())
        file = (f"{words.word('file name')}.jpg", JPEG + words.word("file").encode())
        teller.partner("file", "POST", "attachments/", files={"file": file})
        teller.partner("list", "GET", "cases/", params={"after": words.word("cursor")})
        teller.partner("one", "GET", f"cases/{words.word('case id')}/")
    away = dict.fromkeys(("case", "file", "list", "one"), 503)
    assert teller.statuses == {"mail": 502, "token": 200, **away}
    assert "level=error" in server.log
    assert words.found_in(server.log) == []


def test_a_word_that_is_told_is_found() -> None:
    # Without this the test above would hold for a search that finds nothing.
    words = Telltales()
    name, code = words.word("name"), words.keep("code", "123456")
    assert words.found_in(f"message={name.upper()}") == ["name"]
    assert words.found_in(f'{{"code": "{code}"}}') == ["code"]
    assert words.found_in("seconds=0.123456 id=req_1234567") == []
