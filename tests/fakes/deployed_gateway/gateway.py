"""The gateway itself: who may pass, which address is whose, and all that it remembers."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.fakes.deployed_gateway import cases
from tests.fakes.deployed_gateway.cases import Complaint
from tests.fakes.deployed_gateway.complaint_fields import refusals
from tests.fakes.deployed_gateway.organizations import Organizations
from tests.fakes.deployed_gateway.upstream import Behaviour, Upstream, passed_on
from tests.fakes.deployed_gateway.verification import Mail, Verifications
from tests.fakes.deployed_gateway.wire import (
    Answer,
    Request,
    as_json,
    moved,
    not_allowed,
    not_found,
    options,
    words,
)

WEBFORM: Final = "/api/webhook/webform/"
REQUEST: Final = f"{WEBFORM}auth/request-verification/"
VERIFY: Final = f"{WEBFORM}auth/verify-otp/"
LEGACY: Final = f"{WEBFORM}auth/token/"  # let through without a token, and then not routed
STATUS: Final = re.compile(r"/api/case/status/([^/]+)/")

_CASES: Final = "GET, POST, HEAD, OPTIONS"
_READ_ONLY: Final = "GET, HEAD, OPTIONS"
_KEY: Final = "a key for the fake gateway's own tokens"


@dataclass(frozen=True, slots=True)
class _Route:
    """What an address takes, as it stands in `Allow`, and what it does."""

    methods: str
    view: Callable[[Request], Answer]


class DeployedGateway:
    """One gateway, without its sockets (`serving` has them).

    The switches of a test: `mail` (and the codes in it), `upstream`, `organizations`, and `clock`,
    `ids` and `codes` from outside. What was done: `requests` in the order of their arrival,
    `complaints` as stored, `upstream.cases`. `conversations` are those that a complaint may name.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        ids: Callable[[], str] = lambda: str(uuid.uuid4()),
        codes: Callable[[], str] = lambda: "".join(random.choices("0123456789", k=6)),
    ) -> None:
        self.clock = clock
        self.upstream = Upstream()
        self.mail = Mail()
        self.organizations = Organizations(self._now, ids, _KEY)
        self.verifications = Verifications(self._now, codes, self.mail, self.organizations)
        self.conversations: set[int] = set()
        self.complaints: list[Complaint] = []
        self.requests: list[Request] = []
        self._ids = ids

    def answer(self, request: Request) -> Answer:
        """What a request gets. Raises `WorkerKilled` where that is nothing."""
        self.requests.append(request)
        if _guarded(request) and (refusal := self.organizations.refusal(request)) is not None:
            return refusal
        route = self._route(request.path)
        if route is None:
            return self._elsewhere(request)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in route.methods.split(", "):
            return not_allowed(route.methods)
        return options(route.methods) if method == "OPTIONS" else route.view(request)

    def _now(self) -> float:
        return self.clock()

    def _route(self, path: str) -> _Route | None:
        if path == WEBFORM:
            return _Route(_CASES, self._webform)
        if path == REQUEST:
            return _Route("POST", self.verifications.request)
        if path == VERIFY:
            return _Route("POST", self.verifications.verify)
        return _Route(_READ_ONLY, self._status) if STATUS.fullmatch(path) else None

    def _elsewhere(self, request: Request) -> Answer:
        with_slash = f"{request.path}/"
        if request.path.endswith("/") or self._route(with_slash) is None:
            return not_found()
        return moved(with_slash + (f"?{request.query}" if request.query else ""))

    def _status(self, request: Request) -> Answer:
        reference = STATUS.fullmatch(request.path)
        return cases.status(self.upstream, reference[1] if reference else "", self._now())

    def _webform(self, request: Request) -> Answer:
        if request.method != "POST":
            # It answers 200 (contract, section 6); its words are not recorded.
            return words(200, "Nothing to verify")
        data = cases.complaint_data(cases.read_body(request))
        if data is None:
            return cases.processing_failed()
        if errors := refusals(data, self.conversations):
            message = "Invalid complaint data"
            return as_json(400, {"status": "error", "message": message, "errors": errors})
        # Neither `src_uid` nor an idempotency key is looked up: every post is a complaint.
        complaint = Complaint(self._ids(), self._now(), data)
        self.complaints.append(complaint)
        return self._forward(complaint)

    def _forward(self, complaint: Complaint) -> Answer:
        case_id = self.upstream.create(passed_on(complaint.data, complaint.stored_at))
        if case_id is not None:
            return cases.created(complaint, self._ids(), case_id)
        if self.upstream.behaviour is Behaviour.CHOKES:
            return cases.processing_failed()
        return cases.not_forwarded(complaint, self._ids(), self.upstream.behaviour)


def _guarded(request: Request) -> bool:
    """Whether a token is asked for, which happens before any routing, and never for a GET."""
    free = request.path.endswith((REQUEST, VERIFY, LEGACY))
    return WEBFORM in request.path and not free and request.method != "GET"
