"""Two organisations at one server: what each has, and the work that is done for a request."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from fulfillment_sdk import signing
from fulfillment_sdk.server.gateway.subscriptions.delivery_ids import delivery_id
from fulfillment_sdk.server.http import request_at_hand
from fulfillment_sdk.store import Store
from tests.integration.gateway.parts import BASE, CASE
from tests.integration.hops.loop import Loop, open_loop

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"p" * 64

UNKNOWN = {
    "cases": "case_00000000000000000000",
    "subscriptions": "sub_000000000000000000000000",
    "deliveries": delivery_id("sub_000000000000000000000000", "evt_00000000000000000000"),
    "emails": "eml_000000000000000000000000",
    "files": "file_00000000000000000000",
    "attachments": "att_00000000000000000000",
    "events": "evt_00000000000000000000",
    "feed": "f_3_1",
    "src_uid": "nobodys-own-id",
    "reference_number": "HL-CMS-999999",
}
"""Of each kind, an id that nothing has."""


@attrs.frozen
class Tenant:
    """One organisation: its token, and an id of each kind of what it has."""

    token: str = attrs.field(repr=False)
    has: dict[str, str]


@attrs.define
class Tenants:
    """An owner of everything, a stranger beside it, and the server that both call."""

    loop: Loop
    owner: Tenant
    stranger: Tenant
    _asked: int = 0

    async def ask(
        self, tenant: Tenant, method: str, path: str, **sends: Any
    ) -> tuple[httpx.Response, str]:
        """Call the gateway; returns its answer and the id that the request had."""
        self._asked += 1
        request_id = f"req-{self._asked}"
        headers = {"Authorization": f"Bearer {tenant.token}", "X-Request-Id": request_id}
        answer = await self.loop.house.http.request(
            method, f"{BASE}/{path}", headers=headers, **sends
        )
        return answer, request_id

    async def belongings(self) -> list[bytes]:
        """Return what the owner finds of its things."""
        paths = [
            *(f"{kind}/" for kind in ("cases", "subscriptions", "emails")),
            *(f"{kind}/{self.owner.has[kind]}/" for kind in ("cases", "subscriptions")),
            "events/",
            "cases/{cases}/report/".format(**self.owner.has),
            "cases/{cases}/files/{files}/".format(**self.owner.has),
        ]
        answers = [(await self.ask(self.owner, "GET", path))[0] for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths)
        return [answer.content for answer in answers if not answer.content.startswith(b"%PDF")]


@asynccontextmanager
async def open_tenants(folder: Path) -> AsyncIterator[Tenants]:
    """Run both hops, with an organisation that has one of everything, and one beside it."""
    async with open_loop(folder, signs_with=[signing.new_secret()]) as loop:
        await loop.work("workers/", {"name": "Amina Odhiambo"})
        stranger = await loop.house.token("b@example.org", "Another")
        owned = await _everything(loop)
        case_id = await _case(loop, stranger, src_uid="the-strangers-own-id")
        subscription = await _made(loop, stranger, "subscriptions", {"url": _HOOK})
        beside = {
            "cases": case_id,
            "subscriptions": subscription,
            "deliveries": delivery_id(subscription, "evt_of_the_stranger"),
        }
        yield Tenants(loop, Tenant(loop.token, owned), Tenant(stranger, beside))


_HOOK = "http://127.0.0.1:9/hook"


async def _everything(loop: Loop) -> dict[str, str]:
    subscription = await _made(loop, loop.token, "subscriptions", {"url": _HOOK})
    case_id = await _case(loop, loop.token, src_uid="the-owners-own-id")
    await loop.drive(case_id, "allocated", "in_progress")
    staff = {"Authorization": f"Bearer {loop.staff_token}"}
    added = await loop.staff.post(
        f"/portal/api/cases/{case_id}/files/",
        files={"file": ("gate.jpg", JPEG, "image/jpeg")},
        headers=staff,
    )
    assert added.status_code == 201, added.text
    await loop.drive(case_id, "submitted", "qc_passed")
    await loop.notified.has_passed(6)
    shown = await loop.house.get(f"{BASE}/cases/{case_id}/", token=loop.token)
    attached = await loop.house.http.post(
        f"{BASE}/attachments/",
        files={"file": ("gate.jpg", JPEG, "image/jpeg")},
        headers={"Authorization": f"Bearer {loop.token}"},
    )
    assert attached.status_code == 201, attached.text
    event_id = loop.notified.passed[0].headers["webhook-id"]
    read = await loop.house.get(f"{BASE}/events/", token=loop.token, limit="3")
    return {
        "feed": str(read.json()["next"]),
        "cases": case_id,
        "subscriptions": subscription,
        "emails": await _made(loop, loop.token, "emails", {"email": "second@example.org"}),
        "files": str(shown.json()["files"][0]["id"]),
        "attachments": str(attached.json()["attachment_id"]),
        "deliveries": delivery_id(subscription, event_id),
        "events": event_id,
        "src_uid": "the-owners-own-id",
        "reference_number": str(shown.json()["reference_number"]),
    }


async def _case(loop: Loop, token: str, **fields: object) -> str:
    answer = await loop.house.post(f"{BASE}/", {**CASE, **fields}, token=token)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _made(loop: Loop, token: str, kind: str, body: object) -> str:
    answer = await loop.house.post(f"{BASE}/{kind}/", body, token=token)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@contextmanager
def work_done(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """Collect, for each request's id, the statements that its store calls executed, at both hops.

    What runs by itself meanwhile (dispatchers, timers) belongs to no request.
    """
    done: dict[str, list[str]] = {}
    here = threading.local()

    def watch(call: str) -> None:
        original = getattr(Store, call)

        def watched(store: Store, work: Any) -> Any:
            request_id = request_at_hand()
            if not request_id:
                return original(store, work)
            statements = done.setdefault(request_id, [])
            statements.append(call)

            def noted(connection: sa.Connection) -> Any:
                here.statements = statements
                try:
                    return work(connection)
                finally:
                    here.statements = None

            return original(store, noted)

        monkeypatch.setattr(Store, call, watched)

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements = getattr(here, "statements", None)
        if statements is not None:
            statements.append(statement)

    watch("read")
    watch("write")
    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield done
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)
