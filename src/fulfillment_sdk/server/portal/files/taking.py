"""Taking a file in: recognized, measured and digested as it comes, and stored chunk by chunk.

An upload that breaks off, however that happens, leaves nothing: its row is removed at once, or
where the process died, by ``housekeeping``.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files import chunks, names, rows
from fulfillment_sdk.server.portal.files.kinds import Recognizer, UnknownKind
from fulfillment_sdk.server.portal.files.rows import Content, File, Place
from fulfillment_sdk.server.portal.refusal import Refusal
from fulfillment_sdk.server.uploads import bounded

Placing = Callable[[sa.Connection], Place]
"""Says in the upload's first transaction where it belongs; raises ``Refusal``."""


Confirming = Callable[[sa.Connection, Place], None]
"""Says in the upload's last transaction that it still belongs there; raises ``Refusal``."""


def _confirmed(_connection: sa.Connection, _place: Place) -> None:
    """Nothing can have changed."""


async def take(
    desk: Desk,
    pieces: AsyncIterator[bytes],
    *,
    claimed_name: str,
    place: Placing,
    confirm: Confirming = _confirmed,
) -> File:
    """Store a file and return it.

    Raises ``BodyTooLarge`` at the first byte too many, and ``Refusal``: 415 as soon as it is
    certain that its type is none that is taken, 400 for one without a byte, and what ``place`` and
    ``confirm`` say against it; ``StoreError`` where there is no room for it.
    """
    file_id = desk.ids("file")
    recognizer, digest, size, number = Recognizer(), hashlib.sha256(), 0, 0
    begun = False

    def begin(connection: sa.Connection) -> Place:
        placed = place(connection)
        rows.begin(connection, file_id, placed, now=desk.clock())
        return placed

    try:
        async for chunk in chunks.cut(bounded(pieces)):
            recognizer.feed(chunk)
            if not begun:
                begun = True
                placed = await desk.store.write(begin)
            digest.update(chunk)
            size += len(chunk)
            sealed = chunks.seal(desk, file_id, number, chunk)
            await desk.store.write(_writing(desk, file_id, number, sealed))
            number += 1
        if not begun:
            raise Refusal(400, "Invalid value for field: file")
        kind = recognizer.kind()
        content = Content(
            file_name=names.safe(claimed_name, kind),
            sha256=digest.hexdigest(),
            content_type=kind.content_type,
            size=size,
        )

        def complete(connection: sa.Connection) -> File | None:
            confirm(connection, placed)
            return rows.complete(desk, connection, file_id, content, now=desk.clock())

        file = await desk.store.write(complete)
        if file is None:
            raise Refusal(400, "The upload took too long: send it again")
        return file
    except BaseException as error:
        if begun:
            await _undo(desk, file_id, wait=isinstance(error, Exception))
        if isinstance(error, UnknownKind):
            raise Refusal(415, "This type of file is not taken") from None
        raise


async def _undo(desk: Desk, file_id: str, *, wait: bool) -> None:
    """Remove what was stored. Whoever was cancelled waits for nothing more: it is done anyway."""
    with contextlib.suppress(StoreError):
        removing = desk.store.write(lambda connection: rows.remove(connection, [file_id]))
        if wait:
            await removing


def _writing(
    desk: Desk, file_id: str, number: int, sealed: bytes
) -> Callable[[sa.Connection], None]:
    def write(connection: sa.Connection) -> None:
        desk.disk.check(connection)
        chunks.write(connection, file_id, number, sealed)

    return write
