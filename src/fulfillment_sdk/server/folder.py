"""The data folder: its owner's alone, and one server's at a time (contract, section 7)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fulfillment_sdk.errors import ConfigurationError

PID_FILE = "pid"
LOCK_FILE = "lock"
ADDRESS_FILE = "address"
RESTORING = ".restoring."
"""How the name of the folder begins in which `fulfillment restore` is at work."""


@contextmanager
def held(folder: Path, *, pid: int | None = None) -> Iterator[Path]:
    """Make `folder` if need be (mode 0700), lock it, and keep the process id in it meanwhile.

    The lock is the operating system's: it ends with the process, however that ends.

    Raises:
        ConfigurationError: the folder can't be made or written, another server holds it, or it was
            restored in part only.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_FILE, mode=0o600)
        lock.acquire(timeout=0)
    except Timeout:
        raise _in_use(folder) from None
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        _refuse_half_a_backup(folder)
        try:
            _write(folder / PID_FILE, f"{os.getpid() if pid is None else pid}\n")
        except OSError as error:
            raise _unusable(folder, error) from None
        try:
            yield folder
        finally:
            for name in (PID_FILE, ADDRESS_FILE):
                with suppress(FileNotFoundError):
                    (folder / name).unlink()
    finally:
        lock.release()


def holder(folder: Path) -> int | None:
    """Return the process id that the folder's last server wrote, if one is there."""
    try:
        text = (folder / PID_FILE).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdecimal() and len(text) < 10 else None


def note_address(folder: Path, address: str) -> None:
    """Keep the address at which the folder's server answers, for those who administer it.

    Raises:
        ConfigurationError: the folder can't be written.
    """
    try:
        _write(folder / ADDRESS_FILE, f"{address}\n")
    except OSError as error:
        raise _unusable(folder, error) from None


def address(folder: Path) -> str | None:
    """Return the address at which the folder's server answers, if one runs.

    One that was killed has left its address behind, where anybody may answer by now.
    """
    if not _runs(holder(folder)):
        return None
    try:
        text = (folder / ADDRESS_FILE).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if text.startswith("http://") else None


def _runs(pid: int | None) -> bool:
    # Not by the lock: who tries it holds it for a moment, and a server that starts would give up.
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and is another user's
        return True
    return True


def _in_use(folder: Path) -> ConfigurationError:
    pid = holder(folder)
    who = "another process" if pid is None else f"process {pid}"
    stop = "Stop it" if pid is None else f"Stop it with: kill {pid}"
    return ConfigurationError(
        f"The data folder {folder} is in use by {who}",
        remedy=f"{stop}; or give this server a folder of its own with --data.",
    )


def _refuse_half_a_backup(folder: Path) -> None:
    # Whoever restores holds the lock: with that in our hands, he is gone.
    if any(folder.glob(f"{RESTORING}*")):
        raise ConfigurationError(
            f"A restore into the data folder {folder} was cut short",
            remedy="Remove all that is in it, and run fulfillment restore again.",
        )


def _unusable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The data folder {folder} can't be used: {error.strerror}",
        remedy="Make it a folder with space that you may write to, or choose another with --data.",
    )


def _write(path: Path, text: str) -> None:
    # Whoever waits for the file finds it whole.
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        fresh.write_text(text, "ascii")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
