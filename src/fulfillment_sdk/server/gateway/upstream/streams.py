"""Bytes that pass through the gateway piece by piece: reports and files, out and in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote

import aiohttp
from attrs import field, frozen

from fulfillment_sdk.server.gateway.upstream.connection import (
    CHUNK,
    Connection,
    bounded,
)

DOWNLOAD: Final = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30)
"""A download may last as long as bytes keep coming."""
UPLOAD: Final = aiohttp.ClientTimeout(total=330, sock_connect=5, sock_read=330)
"""An upload has as long as its sender may take, and a little for the answer."""

_MOST_ANSWER: Final = 64 * 1024
_OF_A_FILE: Final = (
    "Content-Type",
    "Content-Disposition",
    "ETag",
    "Repr-Digest",
)


@frozen
class Stored:
    """The portal's answer to an upload."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None


class _Source:
    """An upload's pieces on their way through, and why they ended early, if they did.

    aiohttp tells of it as of a connection that broke: the portal has forgotten everything then.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.failure: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                yield piece
        except Exception as error:
            self.failure = error
            raise


@frozen
class Download:
    """The portal's answer to a download; ``chunks`` may be read while the call lasts.

    ``headers`` are those that tell what it is.
    """

    status: int
    length: str | None
    chunks: AsyncIterator[bytes] = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)


class Streams:
    """The calls whose bodies are never held as a whole."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def report(
        self, case_id: str, *, organization_id: str, request_id: str
    ) -> AsyncIterator[Download]:
        """Ask for a case's report.

        Raises one of ``connection.FAILURES`` where the portal fails.
        """
        async with self._connection.send(
            "GET",
            f"cases/{quote(case_id, safe='')}/report/",
            what="report",
            query={"organization_id": organization_id},
            headers={"Accept-Encoding": "identity"},
            request_id=request_id,
            timeout=DOWNLOAD,
        ) as response:
            yield Download(
                response.status,
                response.headers.get("Content-Length"),
                response.content.iter_chunked(CHUNK),
            )

    async def upload(
        self,
        pieces: AsyncIterator[bytes],
        *,
        organization_id: str,
        file_name: str,
        request_id: str,
    ) -> Stored:
        """Pass an attachment on as it comes in.

        Raises what reading ``pieces`` raised, or one of ``connection.FAILURES`` where the portal
        fails. The portal may answer before it has everything: then the rest is not read.
        """
        source = _Source(pieces)
        async with self._connection.send(
            "POST",
            "attachments/",
            what="attachments",
            query={"organization_id": organization_id, "file_name": file_name},
            headers={"Content-Type": "application/octet-stream"},
            body=aiter(source),
            own_failure=lambda: source.failure,
            request_id=request_id,
            timeout=UPLOAD,
        ) as response:
            return Stored(
                response.status,
                await bounded(response.content, _MOST_ANSWER),
                response.headers.get("Retry-After"),
            )

    @asynccontextmanager
    async def file(
        self, method: str, case_id: str, file_id: str, *, organization_id: str, request_id: str
    ) -> AsyncIterator[Download]:
        """Ask for a file of a case, or with ``HEAD`` for its headers alone.

        Raises one of ``connection.FAILURES`` where the portal fails.
        """
        async with self._connection.send(
            method,
            f"cases/{quote(case_id, safe='')}/files/{quote(file_id, safe='')}/",
            what="files",
            query={"organization_id": organization_id},
            headers={"Accept-Encoding": "identity"},
            request_id=request_id,
            timeout=DOWNLOAD,
        ) as response:
            given = response.headers
            yield Download(
                response.status,
                given.get("Content-Length"),
                response.content.iter_chunked(CHUNK),
                {name: given[name] for name in _OF_A_FILE if name in given},
            )
