"""Children: each contender, each server and each load has a process, and so a core, of its own.

A child prints JSON lines and reads lines of text; it ends when its standard input does, so that
none is left behind.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Spec = Mapping[str, Any]
"""What a child is told: JSON values by name."""


class ChildFailed(Exception):
    """A child ended, or was silent, before it said what it was asked."""


class Child:
    """One process that runs a module of ours with a spec."""

    def __init__(self, module: str, *words: str, spec: Spec, log: Path) -> None:
        self.name = " ".join([module.rpartition(".")[2], *words])
        self._log = log
        self._errors = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words, json.dumps(dict(spec))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            bufsize=1,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def check(self) -> None:
        """Raise `ChildFailed` if it has ended."""
        if self._process.poll() is not None:
            raise ChildFailed(f"{self.name} ended: {self._process.poll()}\n{self._tail()}")

    def read(self, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for the next line that is JSON.

        Raises:
            ChildFailed: it ended or was silent for so long; with the end of its log.
        """
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise ChildFailed(
                f"{self.name} is silent for {seconds:.0f} s\n{self._tail()}"
            ) from None
        if line is None:
            raise ChildFailed(f"{self.name} ended: {self._process.wait()}\n{self._tail()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def say(self, word: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it without a chance to put anything in order, as a crash would."""
        self._process.kill()
        self._clear()

    def stop(self, seconds: float = 20.0) -> None:
        """End it in good order; after so many seconds, otherwise."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _clear(self) -> None:
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None and not stream.closed:
                stream.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                if line.startswith("{"):
                    self._lines.put(line)
        except ValueError:  # closed meanwhile
            pass
        self._lines.put(None)

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


# -- in the child ------------------------------------------------------------------------------


def tell(**facts: object) -> None:
    """Say something to the parent."""
    print(json.dumps(facts), flush=True)


def wait_for_word() -> str:
    """Wait for the parent's next line; when there is no parent any more, end here and now."""
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    return line.strip()


def end_with_parent() -> None:
    """End this process as soon as its parent's end of the pipe is closed."""
    threading.Thread(target=_watch_parent, daemon=True).start()


def many_files() -> None:
    """Allow this process as many open files as it may ask for: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _watch_parent() -> None:
    # Not `sys.stdin`: its lock, held here, would be held for good in a forked child.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
