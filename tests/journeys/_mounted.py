"""An example's application under its usual server, and a gateway that notifies it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs
import requests

from fulfillment_sdk import signing
from tests.unit.plugins.bodies import status_changed

from ._server import SECONDS, clean_environment

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "whsec_" + "A" * 32
NEWER = "whsec_" + "B" * 32
"""The secret that the gateway is about to sign with."""
PATH = "/fulfillment/"


@attrs.frozen
class Example:
    """One of `examples/receive_…`, and how it is served.

    Args:
        folder: its name.
        command: what serves it, as modules of Python, with `{fd}` or `{port}` for where.
        path: where the receiver is.
        prepare: commands to run before.
    """

    folder: str
    command: str
    path: str = PATH
    prepare: Sequence[str] = ()

    @property
    def place(self) -> Path:
        return EXAMPLES / self.folder


class Mounted:
    """An example that is served, with its data in `folder`; a context manager ends it.

    Args:
        example: which, and how.
        folder: for its data and its log.
    """

    def __init__(self, example: Example, folder: Path) -> None:
        self.example = example
        self.folder = folder
        self.have_secrets(NEWER, SECRET)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._session = requests.Session()
        for command in example.prepare:
            subprocess.run(
                self._command(command), check=True, cwd=example.place, env=self._environ()
            )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        if "{port}" in self.example.command:
            self._listening.close()  # it binds the port itself
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(self.example.command),
                cwd=self.example.place,
                env=self._environ(),
                pass_fds=[fd for fd in [self._listening.fileno()] if fd >= 0],
                start_new_session=True,
                stdout=log,
                stderr=log,
            )
        self.until("an answer", self._answers)
        return self

    @property
    def workers(self) -> set[int]:
        """The processes that its first one has begun."""
        assert self._process is not None
        pid = self._process.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def have_secrets(self, *secrets: str) -> None:
        """Write the file that an example which keeps its secrets in one has, newest first."""
        beside = self.folder / "secrets.new"
        beside.write_text("\n".join(secrets))
        beside.replace(self.folder / "secrets")

    def signal_all(self, number: int) -> None:
        """Send a signal to all its processes at once, and wait for their end."""
        assert self._process is not None
        os.killpg(self._process.pid, number)
        self._process.wait(SECONDS)

    def stop(self) -> int:
        """Have its first process end it in good order; return that one's status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(SECONDS)

    def close(self) -> None:
        self._session.close()
        self._listening.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(SECONDS)

    def send(
        self,
        body: bytes,
        event_id: str,
        others: Mapping[str, str] | None = None,
        *,
        fresh: bool = False,
        secret: str = SECRET,
    ) -> requests.Response:
        """Notify it, as a gateway does, maybe with other headers.

        `fresh` is over a connection of its own, which any thread may do.
        """
        headers = signing.headers([secret], event_id, int(time.time()), body)
        headers |= {"Content-Type": "application/json", **(others or {})}
        post = requests.post if fresh else self._session.post
        return post(
            self.address + self.example.path,
            body,
            headers=headers,
            timeout=SECONDS,
            allow_redirects=False,
        )

    def get(self, path: str) -> requests.Response:
        return self._session.get(self.address + path, timeout=SECONDS, allow_redirects=False)

    def until(self, what: str, happened: Callable[[], bool]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + SECONDS
        while not happened():
            assert time.monotonic() < deadline, f"no {what}: {self.log}"
            assert self._process is not None
            assert self._process.poll() is None, f"it has ended: {self.log}"
            time.sleep(0.02)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _answers(self) -> bool:
        try:
            return requests.get(self.address + self.example.path, timeout=SECONDS).status_code > 0
        except requests.ConnectionError:
            return False

    def _command(self, command: str) -> list[str]:
        where = command.format(fd=self._listening.fileno(), port=self.port)
        return [sys.executable, *where.split()]

    def _environ(self) -> Mapping[str, str]:
        return clean_environment(
            {
                "FULFILLMENT_WEBHOOK_SECRET": f"{NEWER} {SECRET}",
                "SECRETS": str(self.folder / "secrets"),
                "DJANGO_SECRET_KEY": "a" * 50,
                "INBOX": str(self.folder / "inbox"),
                "CASES": str(self.folder / "cases.db"),
                "JOURNAL": str(self.folder / "journal.txt"),
                "PYTHONDONTWRITEBYTECODE": "1",
            }
        )


def notifications(case: str, count: int) -> Iterator[tuple[bytes, str]]:
    """Return a case's events, each with its id."""
    for sequence in range(1, count + 1):
        event_id = f"evt_{case}_{sequence}"
        yield status_changed(event_id, case, sequence), event_id


def newest(mounted: Mounted, case: str) -> int:
    """Return the newest sequence of a case that the application was told; 0 for none."""
    if mounted.example.folder != "receive_alone":
        answer = mounted.get(f"/cases/{case}")
        return int(answer.json()["sequence"]) if answer.ok else 0
    journal = mounted.folder / "journal.txt"
    lines = journal.read_text().splitlines() if journal.exists() else []
    told = [line.split() for line in lines]
    return max((int(sequence) for _, about, sequence, _ in told if about == case), default=0)
