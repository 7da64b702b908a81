"""The bytes of files: sealed chunks of 256 KiB, written as they come and read as they go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files.rows import File
from fulfillment_sdk.server.portal.schema import FILE_CHUNKS

SIZE: Final = 256 * 1024
"""The size of every chunk but a file's last, in bytes."""


async def cut(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Turn pieces of any size into chunks of ``SIZE``; the last one is shorter."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        while len(waiting) >= SIZE:
            yield bytes(waiting[:SIZE])
            del waiting[:SIZE]
    if waiting:
        yield bytes(waiting)


def seal(desk: Desk, file_id: str, number: int, content: bytes) -> bytes:
    """Seal a chunk for its place: one that was moved elsewhere does not open."""
    return desk.store.sealer.seal(content, _context(file_id, number))


def write(connection: sa.Connection, file_id: str, number: int, sealed: bytes) -> None:
    """Write a file's chunk of this number; they count from 0."""
    connection.execute(
        sa.insert(FILE_CHUNKS).values(file_id=file_id, number=number, content=sealed)
    )


def numbers(file: File) -> range:
    """Return the numbers of a file's chunks."""
    return range(-(-file.size // SIZE))


def read(desk: Desk, connection: sa.Connection, file_id: str, number: int) -> bytes:
    """Return one chunk; raises ``StoreError`` where it is not there or was tampered with."""
    statement = sa.select(FILE_CHUNKS.c.content).where(
        FILE_CHUNKS.c.file_id == file_id, FILE_CHUNKS.c.number == number
    )
    sealed = connection.execute(statement).scalar_one_or_none()
    if sealed is None:
        raise StoreError("A chunk of a stored file is missing")
    return desk.store.sealer.open(bytes(sealed), _context(file_id, number))


async def stream(desk: Desk, file: File) -> AsyncIterator[bytes]:
    """Yield a file chunk by chunk; no transaction is open between them."""
    for number in numbers(file):
        yield await desk.store.read(_reading(desk, file, number))


def whole(desk: Desk, file: File) -> bytes:
    """Return a file as one piece to code in a thread: what renders a report needs a picture so."""
    return b"".join(desk.store.read(_reading(desk, file, n)).result() for n in numbers(file))


def _reading(desk: Desk, file: File, number: int) -> Callable[[sa.Connection], bytes]:
    return lambda connection: read(desk, connection, file.id, number)


def _context(file_id: str, number: int) -> str:
    return f"portal_file_chunks.content:{file_id}:{number}"
