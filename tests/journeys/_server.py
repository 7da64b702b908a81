"""A real `fulfillment serve` in a process of its own, and what a test does to it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

SECONDS = 30.0
"""How long a test waits for what should take a second: longer only where something is wrong."""

_SAYS = "Serving on "


def clean_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without this package's settings, and with those in `environ`."""
    outside = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("FULFILLMENT_") or name.startswith("FULFILLMENT_TEST_")
    }
    return outside | dict(environ or {})


def command(*arguments: str) -> list[str]:
    """Return the command line of `fulfillment` with `arguments`."""
    return [sys.executable, "-m", "fulfillment_sdk", *arguments]


class ServerProcess:
    """A server with its data in `folder`; as a context manager it runs meanwhile.

    `flags` come after `serve`, `environ` is added to the environment. `address` is known once it
    runs. Ending it by `stop` proves that it ends well: with status 0.
    """

    def __init__(
        self,
        folder: Path,
        *,
        flags: Sequence[str] = ("--dev",),
        port: int = 0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.address = ""
        self._log = folder.with_name(folder.name + ".log")
        self._command = command("serve", *flags, "--port", str(port), "--data", str(folder))
        self._environ = clean_environment(environ)
        self._process: subprocess.Popen[str] | None = None
        self._stdout: list[str] = []

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def staff_token(self) -> str:
        return (self.folder / "staff-token").read_text().strip()

    @property
    def log(self) -> str:
        """What it has written to standard error."""
        return self._log.read_text()

    def start(self) -> Self:
        """Start it, and wait until it says where it serves."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                cwd=self.folder.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = _first_line(self._process.stdout)
        if not line.startswith(_SAYS):
            self._process.kill()
            self.wait()
            raise AssertionError(f"the server said {line!r} and:\n{self.log}")
        self.address = line.removeprefix(_SAYS).strip()
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end, and return its exit status."""
        assert self._process is not None
        assert self._process.stdout is not None
        status = self._process.wait(SECONDS)
        self._stdout = self._process.stdout.read().splitlines()
        self._process.stdout.close()
        self._process = None
        return status

    def outlives(self, seconds: float) -> bool:
        """Tell whether it is still there after so many seconds; returns at once if it ends."""
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    @property
    def further_output(self) -> list[str]:
        """What it wrote to standard output after its first line, once it has ended."""
        return self._stdout

    def stop(self) -> None:
        """End it by SIGTERM."""
        self.signal(signal.SIGTERM)
        status = self.wait()
        assert status == 0, f"the server ended with status {status}:\n{self.log}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        if kind is None:
            self.stop()
        else:
            self._process.kill()
            self.wait()


def _first_line(stdout: IO[str]) -> str:
    said: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: said.put(stdout.readline()), daemon=True).start()
    try:
        return said.get(timeout=SECONDS)
    except queue.Empty:
        return ""
