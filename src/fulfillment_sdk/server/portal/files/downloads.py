"""A file on its way out: as a download, never as a page, and one chunk at a time."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Final

from starlette.responses import Response, StreamingResponse

from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files import chunks, names
from fulfillment_sdk.server.portal.files.rows import File

_GUARDS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Accept-Ranges": "none",
}


def headers(file: File) -> Mapping[str, str]:
    """Return a download's headers. Pure.

    The digest of the content is in ``ETag`` (hex) and in ``Repr-Digest`` (RFC 9530).
    """
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode("ascii")
    text = file.content_type.startswith("text/")
    return {
        **_GUARDS,
        "Content-Type": file.content_type + ("; charset=utf-8" if text else ""),
        "Content-Length": str(file.size),
        "Content-Disposition": names.disposition(file.file_name),
        "ETag": f'"{file.sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }


async def answer(desk: Desk, file: File, *, method: str) -> Response:
    """Answer ``GET`` with the file, and ``HEAD`` with its headers alone.

    Raises ``StoreError`` before anything is sent where the file can't be read.
    """
    if method == "HEAD":
        return Response(None, 200, headers(file))
    content = chunks.stream(desk, file)
    first = await anext(content)
    return StreamingResponse(_all(first, content), 200, headers(file))


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
