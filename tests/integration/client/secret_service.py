"""The keyring of a desktop: GNOME's, on a message bus of its own, its files in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
import pytest

from tests.postgres import REQUIRE

SECONDS: Final = 30.0
NAME: Final = "gnome-keyring"
PROGRAMS: Final = ("gnome-keyring-daemon", "dbus-run-session")
# The daemon comes back once it is on the bus, and ends with the bus.
_SESSION: Final = """
[ -z "$UNLOCK" ] || printf %s "$UNLOCK" | gnome-keyring-daemon --unlock --components=secrets
[ -n "$UNLOCK" ] || gnome-keyring-daemon --start --components=secrets
for program in "$@"; do "$PYTHON" -c "$program" || exit 1; done
"""


@attrs.frozen
class SecretService:
    """Sessions of one user; what is kept in one is there in the next."""

    home: Path

    def session(self, *programs: str, password: str = "open sesame") -> list[str]:
        """Run programs one after the other in a new session, and return what they print.

        The keyring is unlocked with `password`; with an empty one it stays locked.
        """
        folders = {f"XDG_{kind}_HOME": str(self.home) for kind in ("DATA", "CONFIG", "CACHE")}
        environ = os.environ | folders | {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home),
            "PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "UNLOCK": password,
        }  # fmt: skip
        environ.pop("PYTHON_KEYRING_BACKEND", None)
        done = subprocess.run(
            ["dbus-run-session", "--", "sh", "-c", _SESSION, "sh", *programs],
            env=environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [line.removeprefix("> ") for line in done.stdout.splitlines() if line[:2] == "> "]


@contextmanager
def secret_service() -> Iterator[SecretService]:
    """A user who has never had a keyring.

    Skips the test where the programs are not installed, unless `FULFILLMENT_TEST_REQUIRE` (words
    with commas between) names `gnome-keyring`.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        line = f"The system's keyring is not tested: {' and '.join(missing)} not installed"
        if NAME in os.environ.get(REQUIRE, "").replace(",", " ").split():
            pytest.fail(line)
        pytest.skip(line)
    # Not pytest's folder: the path of a socket has to be short.
    with TemporaryDirectory(prefix="keyring-") as folder:
        yield SecretService(Path(folder))
