"""A `fulfillment serve --dev` of one's own: a real process in a folder, for the demo and tests."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from fulfillment_sdk.errors import FulfillmentError

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_TETHERED = "fulfillment_sdk.server.tethered"
_SAYS = "Serving on "


class LocalServer:
    """Starts when made; as a context manager it stops at the end, unless told to `let_go`.

    Args:
        folder: where its data go, and its log.
        environ: its environment; another server's settings in it are left out.
        settings: its own, as variables (`FULFILLMENT_…`).
        tethered: whether it ends with this process, however that ends.

    Raises:
        FulfillmentError: the server did not start; the remedy is what it said itself.
    """

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str] = os.environ,
        *,
        settings: Mapping[str, str] | None = None,
        tethered: bool = False,
    ) -> None:
        self.data = folder / "server"
        self.log = folder / "server.log"
        self._kept = False
        arguments = ["serve", "--dev", "--port", "0", "--data", str(self.data)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 our own interpreter and package
                [sys.executable, "-m", _TETHERED if tethered else "fulfillment_sdk", *arguments],
                # The settings of another server, in variables or a file, are not for this one.
                env={
                    **{
                        name: text
                        for name, text in environ.items()
                        if not name.startswith("FULFILLMENT_")
                    },
                    **(settings or {}),
                },
                cwd=folder,
                # The other end of the tether: nobody writes to it, and it closes with us.
                stdin=subprocess.PIPE if tethered else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for the demo or the tests, which stop their server themselves.
                start_new_session=True,
                text=True,
            )
        assert self._process.stdout is not None
        try:
            self.address = self._first_line(self._process.stdout)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-3:])

    @property
    def staff_token_file(self) -> Path:
        """Where the first admin's token is."""
        return self.data / "staff-token"

    def let_go(self) -> None:
        """Leave the server running at the end."""
        self._kept = True

    def stop(self) -> None:
        """End the server, and wait until it has finished what it had in hand."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._kept or kind is not None:
            self.stop()

    def _first_line(self, stdout: IO[str]) -> str:
        said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: said.put(stdout.readline()), daemon=True).start()
        try:
            line = said.get(timeout=_START_SECONDS).strip()
        except queue.Empty:
            line = ""
        if not line.startswith(_SAYS):
            raise FulfillmentError("The server did not start", remedy=self.last_words)
        return line.removeprefix(_SAYS)
