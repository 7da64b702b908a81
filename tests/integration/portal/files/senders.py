"""Files as staff and the gateway send them, and what is left of them in the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette

from fulfillment_sdk.server.portal import Portal
from fulfillment_sdk.server.portal.schema import FILE_CHUNKS, FILES
from tests.integration.portal.desk import INTAKE_TOKEN, ORGANIZATION, STAFF_TOKEN, Desk

PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 2_000
"""A photo of two chunks."""
OTHERS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
"""The id of another organisation."""


async def attach(
    desk: Desk,
    content: bytes | AsyncIterator[bytes] = PHOTO,
    *,
    file_name: str = "gate.jpg",
    organization_id: str = ORGANIZATION,
    token: str = INTAKE_TOKEN,
) -> httpx.Response:
    """Hand in an attachment as the gateway does."""
    return await desk.http.post(
        "/portal/api/intake/attachments/",
        params={"organization_id": organization_id, "file_name": file_name},
        headers={"Authorization": f"Bearer {token}"},
        content=content,
    )


async def attached(
    desk: Desk, content: bytes = PHOTO, *, organization_id: str = ORGANIZATION
) -> str:
    """Hand in an attachment and return its id."""
    answer = await attach(desk, content, organization_id=organization_id)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["attachment_id"])


async def add(
    desk: Desk,
    case_id: str,
    content: bytes = PHOTO,
    *,
    file_name: str = "gate.jpg",
    claimed: str = "application/x-msdownload",
    token: str = STAFF_TOKEN,
) -> httpx.Response:
    """Add a file to a case as staff do."""
    return await desk.http.post(
        f"/portal/api/cases/{case_id}/files/",
        files={"file": (file_name, content, claimed)},
        headers={"Authorization": f"Bearer {token}"},
    )


async def fetch(
    desk: Desk,
    case_id: str,
    file_id: str,
    *,
    organization_id: str = ORGANIZATION,
    method: str = "GET",
) -> httpx.Response:
    """Fetch a file as the gateway does."""
    return await desk.http.request(
        method,
        f"/portal/api/intake/cases/{case_id}/files/{file_id}/",
        params={"organization_id": organization_id},
        headers={"Authorization": f"Bearer {INTAKE_TOKEN}"},
    )


async def left(desk: Desk) -> tuple[int, int]:
    """Return how many files and chunks the store has, unfinished uploads included."""

    def counted(connection: sa.Connection) -> tuple[int, int]:
        counts = [
            int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
            for table in (FILES, FILE_CHUNKS)
        ]
        return counts[0], counts[1]

    return await desk.portal._desk_now().store.read(counted)


async def until(portal: Portal, holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds: it is looked at after each of the portal's commits."""
    changed, loop = asyncio.Event(), asyncio.get_running_loop()

    def committed() -> None:
        loop.call_soon_threadsafe(changed.set)

    portal._desk_now().store.on_commit(committed)
    async with asyncio.timeout(10):
        while not await holds():
            await changed.wait()
            changed.clear()


async def send_by_hand(
    desk: Desk,
    path: str,
    pieces: Iterable[bytes],
    *,
    query: str = "",
    headers: Iterable[tuple[bytes, bytes]] = (),
    then: Callable[[], Awaitable[dict[str, object]]],
) -> None:
    """Send a body piece by piece to the application itself, and ``then`` what comes after it."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    async def receive() -> dict[str, object]:
        return messages.pop(0) if messages else await then()

    async def send(_message: object) -> None:
        pass

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": list(headers),
    }
    await Starlette(routes=list(desk.portal.routes))(scope, receive, send)
