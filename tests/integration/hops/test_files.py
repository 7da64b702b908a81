"""Files over both hops, on real sockets: attachments on their way in, evidence on its way out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx
import pytest
import sqlalchemy as sa

from fulfillment_sdk.server.app import create_app
from fulfillment_sdk.server.portal import Portal, create_portal
from fulfillment_sdk.server.portal.schema import FILES
from fulfillment_sdk.server.uploads import FILE_LIMIT
from tests.integration.gateway.parts import BASE, CASE, INTAKE, Clock, House, open_house
from tests.integration.hops.serving import serving
from tests.integration.portal.desk import STAFF_TOKEN, Captor
from tests.integration.portal.desk import make_settings as portal_settings
from tests.integration.portal.files.senders import PHOTO, until

PATH = f"{BASE}/attachments/"
REFUSED = "This type of file is not taken"


@attrs.define
class Both:
    """Gateway and portal, each on an address of its own."""

    house: House
    portal: Portal
    staff: httpx.AsyncClient
    partner: httpx.AsyncClient
    token: str

    async def attach(
        self, content: bytes = PHOTO, *, name: str = "gate.jpg", token: str | None = None
    ) -> httpx.Response:
        return await self.partner.post(
            PATH, files={"file": (name, content, "text/html")}, headers=self.bearer(token)
        )

    def bearer(self, token: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.token}"}

    async def stored(self) -> int:
        """Return how many files the portal has, unfinished ones too."""

        def counted(connection: sa.Connection) -> int:
            statement = sa.select(sa.func.count()).select_from(FILES)
            return int(connection.execute(statement).scalar_one())

        return await self.portal._desk_now().store.read(counted)

    async def stores(self, count: int) -> None:
        """Wait until the portal has so many files."""

        async def so_many() -> bool:
            return await self.stored() == count

        await until(self.portal, so_many)


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    clock = Clock()
    settings = attrs.evolve(portal_settings(tmp_path / "portal"), intake_token=INTAKE)
    portal = create_portal(settings, clock=clock, sink=Captor())
    await portal.start()
    try:
        async with (
            serving(create_app(settings, [portal])) as portal_url,
            open_house(tmp_path / "gateway", clock=clock, portal_url=portal_url) as house,
            serving(create_app(house.settings, [house.gateway])) as gateway_url,
            httpx.AsyncClient(base_url=portal_url, trust_env=False) as staff,
            httpx.AsyncClient(base_url=gateway_url, trust_env=False) as partner,
        ):
            staff.headers["Authorization"] = f"Bearer {STAFF_TOKEN}"
            yield Both(house, portal, staff, partner, await house.token())
    finally:
        await portal.stop()


async def completed(both: Both, case_id: str) -> None:
    """Take a case that is in progress to its completion."""
    for path, body in (
        ("submissions", {"form_name": "Visit", "data": {"a": 1}}),
        ("qc-reviews", {"result": "pass"}),
    ):
        answer = await both.staff.post(f"/portal/api/cases/{case_id}/{path}/", json=body)
        assert answer.status_code == 201, answer.text


async def in_progress(both: Both) -> str:
    """Create a case and have somebody work on it."""
    answer = await both.house.post(f"{BASE}/", CASE, token=both.token)
    case_id = str(answer.json()["id"])
    await both.staff.post("/portal/api/workers/", json={"name": "Asha"})
    for to in ("allocated", "in_progress"):
        await both.staff.post(f"/portal/api/cases/{case_id}/transitions/", json={"to": to})
    return case_id


async def test_without_a_token_nothing_is_taken(both: Both) -> None:
    answer = await both.partner.post(PATH, files={"file": ("a.jpg", PHOTO)})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 400, "Invalid value for field: file"),
        (b"MZ" + bytes(300_000), 415, REFUSED),
        (b"words " * 100_000 + b"\x00", 415, REFUSED),
        (b"MZ" + bytes(FILE_LIMIT - 2), 415, REFUSED),
        (PHOTO[:9] + bytes(FILE_LIMIT), 413, "Request body too large"),
        (PHOTO[:9] + bytes(2 * FILE_LIMIT), 413, "Request body too large"),
    ],
)
async def test_what_the_portal_refuses_the_partner_is_told(
    both: Both, content: bytes, status: int, message: str
) -> None:
    answer = await both.attach(content, name="Jane Smith.jpg")
    assert (answer.status_code, answer.json()) == (status, {"error": message})
    await both.stores(0)
    # The connection to the portal is as good as before.
    assert (await both.attach()).status_code == 201


async def test_a_file_of_no_announced_length_is_refused_at_the_first_byte_too_many(
    both: Both,
) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"--b\r\nContent-Disposition: form-data; name=file; filename=a.jpg\r\n\r\n"
        while sent < 8 * FILE_LIMIT:
            yield PHOTO
            sent += len(PHOTO)

    headers = both.bearer() | {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await both.partner.post(PATH, content=body(), headers=headers)
    assert (answer.status_code, answer.json()) == (413, {"error": "Request body too large"})
    await both.stores(0)


@pytest.mark.parametrize(
    ("content_type", "body", "status", "message"),
    [
        ("application/json", b"{}", 415, "Content-Type must be multipart/form-data"),
        ("multipart/form-data", b"", 400, "Content-Type names no valid boundary"),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 400, "Missing required field: file"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nwords",
            400,
            "Invalid multipart body: it has no end",
        ),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nwords\r\n" * 2
            + b"--b--",
            400,
            "Invalid value for field: file",
        ),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\ngate.jpg\r\n--b--\r\n",
            400,
            "Invalid value for field: file: it is text, and has no file name",
        ),
    ],
)
async def test_a_form_that_is_none_is_told_so_and_leaves_nothing(
    both: Both, content_type: str, body: bytes, status: int, message: str
) -> None:
    headers = both.bearer() | {"Content-Type": content_type}
    answer = await both.partner.post(PATH, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (status, {"error": message})
    await both.stores(0)


async def test_an_upload_whose_sender_hangs_up_leaves_nothing(
    both: Both, caplog: pytest.LogCaptureFixture
) -> None:
    address = urlsplit(str(both.partner.base_url))
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {both.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n\r\n"
        "--b\r\nContent-Disposition: form-data; name=file; filename=a.jpg\r\n\r\n"
    )
    writer.write(head.encode() + PHOTO)
    await both.stores(1)
    writer.transport.abort()
    await both.stores(0)
    # The portal is not blamed for it.
    assert not [each for each in caplog.records if "portal attachments failed" in each.message]


async def test_a_portal_that_is_down_is_a_503(both: Both) -> None:
    await both.portal.stop()
    answer = await both.attach()
    assert (answer.status_code, answer.json()) == (503, {"error": "Portal unavailable"})
    assert "Retry-After" in answer.headers
    gone = await both.partner.get(f"{BASE}/cases/case_1/files/file_1/", headers=both.bearer())
    assert (gone.status_code, gone.json()) == (503, {"error": "Portal unavailable"})


async def test_an_attachment_comes_through_and_back_again(both: Both) -> None:
    content = PHOTO[:11] + hashlib.sha512(b"seed").digest() * 100_000
    answer = await both.attach(content, name='../Zo\u00eb "gate".exe')
    assert answer.status_code == 201
    assert "attachments" in answer.headers["Fulfillment-Features"]
    stored: dict[str, Any] = answer.json()
    assert stored == {
        "attachment_id": stored["attachment_id"],
        "file_name": "Zo\u00eb _gate_.exe.jpg",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "content_type": "image/jpeg",
    }
    case = CASE | {"attachments_case": [{"attachment_id": stored["attachment_id"]}]}
    first = await both.house.post(f"{BASE}/", case, token=both.token, Idempotency_Key="k1")
    again = await both.house.post(f"{BASE}/", case, token=both.token, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    path = f"{BASE}/cases/{first.json()['id']}/files/{stored['attachment_id']}/"
    fetched = await both.partner.get(path, headers=both.bearer())
    assert fetched.content == content
    used = await both.house.post(f"{BASE}/", case, token=both.token, Idempotency_Key="k2")
    field = "attachments_case[0].attachment_id"
    assert (used.status_code, used.json()) == (400, {"error": f"Invalid value for field: {field}"})


async def test_another_organisations_files_are_unknown_ones(both: Both) -> None:
    stranger = await both.house.token("b@example.org", "Another")
    attachment_id = (await both.attach()).json()["attachment_id"]
    case = CASE | {"attachments_case": [{"attachment_id": attachment_id}]}
    unknown = CASE | {"attachments_case": [{"attachment_id": "file_unknown"}]}
    theirs = await both.house.post(f"{BASE}/", case, token=stranger)
    nobodys = await both.house.post(f"{BASE}/", unknown, token=stranger)
    assert (theirs.status_code, theirs.content) == (400, nobodys.content)
    created = await both.house.post(f"{BASE}/", case, token=both.token)
    path = f"{BASE}/cases/{created.json()['id']}/files"
    theirs = await both.partner.get(f"{path}/{attachment_id}/", headers=both.bearer(stranger))
    nobodys = await both.partner.get(f"{path}/file_unknown/", headers=both.bearer(stranger))
    assert (theirs.status_code, theirs.content) == (404, nobodys.content)


async def test_the_submitted_evidence_is_fetched_from_the_gateway_as_a_download(
    both: Both,
) -> None:
    case_id = await in_progress(both)
    path = f"/portal/api/cases/{case_id}/files/"
    added = (await both.staff.post(path, files={"file": ("gate.jpg", PHOTO)})).json()
    url = f"{BASE}/cases/{case_id}/files/{added['id']}/"
    assert (await both.partner.get(url, headers=both.bearer())).status_code == 404
    await completed(both, case_id)
    answer = await both.partner.get(url, headers=both.bearer())
    assert (answer.status_code, answer.content) == (200, PHOTO)
    sha256 = hashlib.sha256(PHOTO).hexdigest()
    expected = {
        "Content-Type": "image/jpeg",
        "Content-Length": str(len(PHOTO)),
        "Content-Disposition": "attachment; filename=\"gate.jpg\"; filename*=UTF-8''gate.jpg",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "ETag": f'"{sha256}"',
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    head = await both.partner.head(url, headers=both.bearer())
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(PHOTO))
    shown = (await both.partner.get(f"{BASE}/cases/{case_id}/", headers=both.bearer())).json()
    assert [each["id"] for each in shown["files"]] == [added["id"]]
    bare = await both.partner.get(url)
    assert bare.status_code == 401
