"""When a data folder was last backed up, for `/metrics` to tell."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

FILE: Final = "last-backup"


def note(folder: Path, at: float) -> None:
    """Keep the time of a backup, in epoch seconds; raises ``OSError`` where that can't be."""
    fresh = folder / f".{FILE}.{secrets.token_hex(4)}"
    try:
        fresh.write_text(f"{at:.3f}\n", "ascii")
        fresh.replace(folder / FILE)
    finally:
        fresh.unlink(missing_ok=True)


def read(folder: Path) -> float | None:
    """Return the time of the last backup, in epoch seconds; None where there was none."""
    try:
        return float((folder / FILE).read_text("ascii"))
    except (OSError, ValueError):
        return None
