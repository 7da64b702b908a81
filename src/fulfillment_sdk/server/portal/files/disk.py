"""The disk that files share with cases: they leave some of it, so that cases are always taken."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable

LEFT: Final = 256 * 1024 * 1024
"""How much of the disk files leave free, in bytes."""
SHARE: Final = 4
"""The part of a small disk that they leave free: one in so many."""

_logger = logging.getLogger(__name__)


@attrs.frozen
class Disk:
    """The disk of a ``folder``; ``None`` where files are kept elsewhere, at a database's host."""

    folder: Path | None = None

    def check(self, connection: sa.Connection) -> None:
        """Raise ``StoreUnavailable`` where there is no room for files any more.

        What was removed from the database is room again: SQLite's file does not shrink.
        """
        if self.folder is None:
            return
        found = shutil.disk_usage(self.folder)
        if is_full(found.total, found.free) and is_full(
            found.total, found.free, unused=_unused(connection)
        ):
            _logger.error("a file was not taken: the disk is nearly full")
            raise StoreUnavailable("The disk is nearly full: it takes cases, but no files")


def is_full(total: int, free: int, *, unused: int = 0) -> bool:
    """Say whether files have had their share of a disk. Pure.

    ``unused`` bytes of the database count as free, but a half must be: its log grows first.
    """
    reserve = min(LEFT, total // SHARE)
    return free < reserve / 2 or free + unused < reserve


def _unused(connection: sa.Connection) -> int:
    pages, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("freelist_count", "page_size")
    )
    return pages * size
