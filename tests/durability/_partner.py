"""The partner as a process, and the journal of what its plugin was handed."""

from __future__ import annotations

import queue
import shutil
import socket
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from pathlib import Path

import attrs

from tests.journeys._server import SECONDS, ServerProcess


@attrs.frozen
class Entry:
    """One event as the plugin got it, and in which process."""

    pid: int
    case_id: str
    sequence: int
    event_id: str
    transition_id: str


class Journal:
    """A socket that plugins in other processes write to."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp()  # short: the path of a socket may have 107 bytes
        self.path = f"{self._folder}/told"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._queue: queue.Queue[Entry] = queue.Queue()
        self._thread = threading.Thread(target=self._listen)
        self.entries: list[Entry] = []
        self.on_the_wire: Counter[str] = Counter()
        """How often each event came and was answered with a 2xx."""

    def __enter__(self) -> Journal:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.path)
        self._thread.join()
        self._socket.close()
        shutil.rmtree(self._folder)

    def take(self, count: int) -> list[Entry]:
        """Wait for the next `count` entries."""
        taken = [self._queue.get(timeout=SECONDS) for _ in range(count)]
        self.entries += taken
        return taken

    def take_until(self, wanted: set[tuple[str, int]]) -> None:
        """Wait until each of the `wanted` (case, sequence) has come."""
        missing = wanted - {(entry.case_id, entry.sequence) for entry in self.entries}
        while missing:
            try:
                (entry,) = self.take(1)
            except queue.Empty:
                raise AssertionError(f"these never came: {sorted(missing)}") from None
            missing.discard((entry.case_id, entry.sequence))

    def rest(self) -> list[Entry]:
        """Return what has come beyond what was taken."""
        found = []
        while not self._queue.empty():
            found.append(self._queue.get())
        self.entries += found
        return found

    def by_case(self) -> dict[str, list[Entry]]:
        """Return what was taken, a list for each case."""
        cases = defaultdict(list)
        for entry in self.entries:
            cases[entry.case_id].append(entry)
        return cases

    def _listen(self) -> None:
        while told := self._socket.recv(4096).decode():
            if told.startswith("wire "):
                self.on_the_wire[told.split()[1]] += 1
                continue
            pid, case_id, sequence, event_id, transition_id = told.split()
            self._queue.put(Entry(int(pid), case_id, int(sequence), event_id, transition_id))


class PartnerProcess(ServerProcess):
    """The partner's application as a process of its own."""

    def __init__(self, folder: Path, *, port: int, secret: str, journal: Journal) -> None:
        super().__init__(folder, port=port)
        app = Path(__file__).with_name("_partner_app.py")
        self._command = [sys.executable, str(app), str(folder), str(port), secret, journal.path]
