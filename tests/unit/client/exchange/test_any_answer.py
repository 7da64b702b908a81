"""Whatever a server answers: a result or one error, and nothing of what was sent in either."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import attrs
import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client, Retries
from fulfillment_sdk.models import NewCase, Person, Verification
from tests.unit.client.support import BASE

TOKEN: Final = "eyJhbGciOiJIUzI1NiJ9.eyJvcmdfbmFtZSI6IkphbmUifQ.c2lnbmF0dXJl"
SECRET: Final = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
# By name: a traceback shows the lines of this file.
JANE: Final = "Wanjiru Otieno"
PHONE: Final = "+254712345678"
EMAIL: Final = "wanjiru@partner.example"
NATIONAL_ID: Final = "38472915"
FIRM: Final = "O'Brien & Sons"
STORY: Final = "He came home late that night and shouted."
PLAN: Final = "Ring her mother first"
CODE: Final = "582007"
SHELTER: Final = "Amani Shelter"
STREET: Final = "Kīlīfī 12"
FILE: Final = "next-door.jpg"
BORN: Final = "1046120400"
PRIVATE: Final = (
    JANE, PHONE, EMAIL, NATIONAL_ID, FIRM, STORY, PLAN, CODE, SHELTER, STREET, FILE, BORN, SECRET,
    TOKEN,
)  # fmt: skip

CASE: Final = NewCase(
    reporter=Person(fname=JANE, phone=PHONE, dob=BORN),
    clients_case=[Person(fname=FIRM, national_id=NATIONAL_ID)],
    gbv_related=True,
    case_category_id="362484",
    narrative=STORY,
    plan=PLAN,
    priority="2",
    status="1",
    verification=Verification(candidate_name=STREET),
)

Operation = Callable[[Client], object]
OPERATIONS: Mapping[str, Operation] = {
    "request a code": lambda client: client.auth.request_verification(
        email=EMAIL, organization_name=SHELTER
    ),
    "verify it": lambda client: client.auth.verify_otp(
        email=EMAIL, otp=CODE, organization_name=SHELTER
    ),
    "legacy token": lambda client: client.auth.legacy_token(
        organization_email=EMAIL, organization_name=SHELTER
    ),
    "revoke": lambda client: client.auth.revoke(),
    "create": lambda client: client.cases.create(CASE, validate=False),
    "list": lambda client: list(islice(client.cases.list(), 3)),
    "get": lambda client: client.cases.get("case_1"),
    "cancel": lambda client: client.cases.cancel("case_1"),
    "report": lambda client: client.cases.download_report("case_1", max_bytes=1000),
    "reissue": lambda client: client.cases.reissue_report("case_1"),
    "file": lambda client: client.cases.download_file("case_1", "file_1"),
    "upload": lambda client: client.attachments.upload(b"%PDF-1.7", file_name=FILE),
    "subscribe": lambda client: client.subscriptions.create(
        url="https://example.com/h", description=SHELTER, secret=SECRET
    ),
    "subscriptions": lambda client: list(islice(client.subscriptions.list(), 3)),
    "subscription": lambda client: client.subscriptions.get("sub_1"),
    "change it": lambda client: client.subscriptions.update("sub_1", description=SHELTER),
    "delete it": lambda client: client.subscriptions.delete("sub_1"),
    "rotate": lambda client: client.subscriptions.rotate_secret("sub_1", secret=SECRET),
    "test": lambda client: client.subscriptions.test("sub_1"),
    "deliveries": lambda client: list(islice(client.subscriptions.deliveries("sub_1"), 3)),
    "replay": lambda client: client.subscriptions.replay("dlv_1"),
    "recover": lambda client: client.subscriptions.recover("sub_1", since="2025-04-05T00:00:00Z"),
    "emails": lambda client: list(islice(client.emails.list(), 3)),
    "add an e-mail": lambda client: client.emails.add(EMAIL),
    "remove it": lambda client: client.emails.remove("eml_1"),
    "events": lambda client: list(islice(client.events.iterate(), 3)),
    "page": lambda client: client.events.page(),
}


@attrs.frozen
class Said:
    """What the server answers, to whatever it is asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Saying(HTTPAdapter):
    """A server without a socket."""

    def __init__(self, said: Said) -> None:
        super().__init__()
        self._said = said

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body: Any = request.body  # of an upload an iterator, whatever `requests` says of it
        if not isinstance(body, bytes | None):
            assert b"".join(body)
        raw = HTTPResponse(
            body=io.BytesIO(self._said.body),
            headers=HTTPHeaderDict(self._said.headers),
            status=self._said.status,
            preload_content=False,
        )
        return self.build_response(request, raw)


class Noted(logging.Handler):
    """Every record that anybody logs, as it would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{self.format(record)}\n{record.args!r}\n"


@contextlib.contextmanager
def noted() -> Iterator[Noted]:
    handler, root = Noted(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def met(operation: str, said: Said) -> tuple[object, str]:
    """What an operation comes to, and all that was shown of it."""
    session = requests.Session()
    session.mount(BASE, Saying(said))
    client = Client(
        base_url=BASE,
        token=TOKEN,
        session=session,
        retries=Retries.without_waiting(tries=2),
        clock=lambda: 1_743_849_002.0,
        on_warning=lambda _advice: None,
    )
    with noted() as log:
        try:
            came: object = OPERATIONS[operation](client)
        except errors.FulfillmentError as error:
            came = error
            parts = (str(error), repr(error), "".join(traceback.format_exception(error)))
            return came, "\n".join((*parts, log.text))
    repr(came)
    return came, log.text


KEYS = (
    st.sampled_from(
        [
            *("id", "status", "message", "error", "detail", "errors", "items", "next", "events"),
            *("token", "expires", "expires_at", "email", "organization_id", "complaint_id"),
            *("case_reference", "helpline_response", "response_from_helpline", "case_id"),
            *("reference_number", "created_at", "assigned_to", "narrative", "gbv_related"),
            *("reporter", "fname", "clients_case", "0", "data", "type", "timestamp", "timeline"),
            *("files", "report", "url", "sha256", "size", "attachment_id", "secret", "replayed"),
            *("event_id", "subscription_id", "state", "attempts", "version", "case"),
            *("new_status", "previous_status", "sequence"),
        ]
    )
    | st.text(max_size=5)
)  # fmt: skip
WORDS = st.sampled_from(
    [
        *("success", "error", "open", "expired", "Invalid", "qc_passed", "lwf31661", "case_1"),
        *("2025-04-05T10:30:02", "2025-04-05T10:30:02.1+03:00", "HL-CMS-000123"),
        *("case.status_changed", "case.completed"),
    ]
)
ECHOES = st.sampled_from(PRIVATE)
TEXTS = st.one_of(
    WORDS,
    ECHOES,
    st.text(max_size=20),
    st.tuples(st.text(max_size=5), ECHOES, st.text(max_size=5)).map(" ".join),
    st.sampled_from(["\ud83d", "\u202e", "a" * 5000, f"Missing required field: {JANE}"]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.one_of(
    st.dictionaries(KEYS, JSON, max_size=5).map(lambda value: json.dumps(value).encode()),
    JSON.map(lambda value: json.dumps(value).encode()),
    TEXTS.map(lambda text: f"<p>{text}</p>".encode("utf-8", "surrogatepass")),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=40),
)
ODD = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=10)
VALUES = st.one_of(
    st.sampled_from(
        [
            *("gzip", "identity", "application/json", "text/html", "0", "7", "1e9", "-1", "/"),
            *("idempotency", "sha-256=:AAAA=:", 'W/"x"'),
        ]
    ),
    ECHOES.filter(str.isascii),
    ODD,
)
HEADERS = st.builds(
    lambda common, own: common | own,
    st.dictionaries(
        st.sampled_from(
            [
                *("Content-Type", "Content-Length", "Content-Encoding", "Fulfillment-Features"),
                *("ETag", "Digest", "Repr-Digest", "Content-Digest", "Location"),
                *("Set-Cookie", "WWW-Authenticate", "Content-Disposition"),
            ]
        ),
        VALUES,
        max_size=4,
    ),
    # A server's own ids of requests and seconds to wait are shown.
    st.dictionaries(
        st.sampled_from(["X-Request-Id", "Retry-After"]),
        st.sampled_from(["0", "7", "1e9", "-1", "req-1"]) | ODD,
        max_size=2,
    ),
)
STATUSES = st.sampled_from(
    [200, 201, 204, 301, 307, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 502, 503]
) | st.integers(100, 999)
ANSWERS = st.builds(Said, STATUSES, HEADERS, BODIES)

DEEP = b"[" * 900 + b"]" * 900
BOTTOMLESS = b"[" * 20_000 + b"]" * 20_000


@settings(max_examples=400, deadline=None, derandomize=True)
@given(operation=st.sampled_from(list(OPERATIONS)), said=ANSWERS)
@example("create", Said(400, {}, b'{"errors": {"narrative": ' + DEEP + b"}}"))
@example("create", Said(400, {}, b'{"errors": ' + b'{"reporter":' * 900 + b"1" + b"}" * 901))
@example("create", Said(201, {}, b'{"id": "case_1", "more": ' + DEEP + b"}"))
@example("create", Said(201, {}, b'{"id": ' + b"9" * 5000 + b"}"))
@example("get", Said(200, {}, b'{"id": "case_1", "files": ' + DEEP + b"}"))
@example("page", Said(200, {}, b'{"events": [{"data": ' + DEEP + b'}], "next": "a"}'))
@example("create", Said(200, {}, b'{"response_from_helpline": 1, "complaint_id": "38472915"}'))
@example("create", Said(400, {}, b'{"errors": {"gbv_related": ["Not a valid string."]}}'))
@example("create", Said(400, {}, b'{"errors": {"reporter": ' + BOTTOMLESS + b"}}"))
@example("create", Said(400, {"Content-Encoding": "gzip"}, b"no gzip"))
@example("report", Said(200, {"Content-Length": "7", "ETag": '"x"'}, b"%PDF"))
@example("create", Said(400, {"Retry-After": "Sat, 31 Dec 9999 23:59:59 -2359"}, b""))
def test_any_answer_is_a_result_or_one_error_without_an_echo(operation: str, said: Said) -> None:
    came, shown = met(operation, said)
    if isinstance(came, errors.FulfillmentError):
        assert isinstance(came, errors.APIError | errors.TransportError)
        shown.encode()
    lowered = shown.lower()
    assert [value for value in PRIVATE if value.lower() in lowered] == []


SILENT = (b"", b"<html></html>", b"null", b"[]", b"{}", b'"x"', b"\xff")
# What these give is the body as it is, or nothing at all.
CONTENT = {"file"}
NOTHING = {"delete it", "remove it", "revoke", "replay"}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("status", [200, 201])
def test_a_success_that_says_nothing_is_none(operation: str, status: int) -> None:
    taken = set(SILENT) if operation in CONTENT else {b"{}"} if operation in NOTHING else set()
    if operation in NOTHING - {"replay"}:
        taken |= {b""}
    for body in SILENT:
        came, _shown = met(operation, Said(status, {}, body))
        assert isinstance(came, errors.UnexpectedAnswer) is (body not in taken), body


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 422, 500])
def test_a_refusal_that_says_nothing_is_an_error(operation: str, status: int) -> None:
    for body in SILENT:
        came, _shown = met(operation, Said(status, {}, body))
        assert isinstance(came, errors.APIError | errors.OutcomeUnknown), body
