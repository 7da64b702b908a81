"""Web processes and dispatchers on one PostgreSQL database, as if each were a host of its own."""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

import attrs
import requests

from fulfillment_sdk import signing
from tests.crash.witness import Told, Witness
from tests.unit.plugins.bodies import status_changed

from ._server import SECONDS, clean_environment

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + "A" * 32
KEYS = "k:" + base64.b64encode(b"k" * 32).decode()


class Process:
    """A program of the partner's, in a group of its own, with its log in a file."""

    def __init__(self, log: Path, *command: str, environ: Mapping[str, str], fd: int = -1) -> None:
        self.log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=clean_environment(environ),
                pass_fds=[fd] if fd >= 0 else [],
                start_new_session=True,
                stdout=file,
                stderr=file,
            )
        self.pid = self._process.pid

    def signal_all(self, number: int) -> None:
        """Send a signal to it and to whatever it has started."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """End all of it by force."""
        self.signal_all(signal.SIGKILL)
        self._process.wait(SECONDS)

    def end(self) -> int:
        """Ask for its end; return its status."""
        self._process.terminate()
        return self._process.wait(SECONDS)

    def abandon(self) -> None:
        """Leave nothing of it behind."""
        with contextlib.suppress(ProcessLookupError):
            self.signal_all(signal.SIGKILL)
        self._process.wait(SECONDS)


@attrs.define
class Hosts:
    """The whole of it, and the gateway that notifies it."""

    folder: Path
    url: str
    witness: Witness
    web: list[Process] = attrs.field(factory=list)
    dispatchers: dict[int, Process] = attrs.field(factory=dict)
    _addresses: list[str] = attrs.field(factory=list)
    _listening: list[socket.socket] = attrs.field(factory=list)

    @classmethod
    def on(cls, url: str, folder: Path) -> Self:
        return cls(folder, url, Witness(folder / "witness"))

    def serve(self) -> Process:
        """Start web processes of one more host."""
        listening = socket.create_server(("127.0.0.1", 0))
        self._listening.append(listening)
        process = Process(
            self.folder / f"web{len(self.web)}.log",
            *("gunicorn", "--no-control-socket", "--workers", "2", "--threads", "4"),
            *("--bind", f"fd://{listening.fileno()}", "tests.journeys._host:application()"),
            environ=self._environ(),
            fd=listening.fileno(),
        )
        self.web.append(process)
        self._addresses.append(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        return process

    def dispatch(self) -> Process:
        """Start a dispatcher on one more host."""
        process = Process(
            self.folder / f"dispatcher{len(self.dispatchers)}.log",
            *("tests.journeys._host", "dispatch", self.url, "--grace", "20"),
            *("--plugin", "tests.journeys._host:INBOX"),
            environ=self._environ(),
        )
        self.dispatchers[process.pid] = process
        return process

    def take_down(self, web: int) -> None:
        """Kill all web processes of a host; nobody listens there any more."""
        self.web[web].kill()
        self._listening[web].close()

    def send(self, case: str, sequence: int) -> None:
        """Notify one of the web hosts, whichever will have it, as a gateway behind a balancer."""
        event_id = f"{case}-{sequence:03}"
        body = status_changed(event_id, case, sequence)
        self.witness.tell(Told("handed", 0, event_id=event_id, case=case, sequence=sequence))
        deadline = time.monotonic() + SECONDS
        for address in itertools.islice(itertools.cycle(self._addresses), sequence, None):
            assert time.monotonic() < deadline, f"{event_id} is never acknowledged"
            headers = signing.headers([SECRET], event_id, int(time.time()), body)
            headers["Content-Type"] = "application/json"
            with contextlib.suppress(requests.RequestException):
                answer = requests.post(address, body, headers=headers, timeout=SECONDS)
                if answer.ok:
                    self.witness.tell(Told("acknowledged", 0, event_id=event_id, note=address))
                    return
            time.sleep(0.02)

    def acknowledged_by(self, web: int) -> int:
        """Return how many events a host has acknowledged."""
        told = self.witness.lines("acknowledged")
        return sum(one.note == self._addresses[web] for one in told)

    def arrived(self) -> list[Told]:
        return list(self.witness.lines("arrived"))

    def until(self, what: str, happened: Callable[[list[Told]], bool]) -> list[Told]:
        """Wait for something about what has arrived; return that."""
        deadline = time.monotonic() + 2 * SECONDS
        while not happened(arrived := self.arrived()):
            assert time.monotonic() < deadline, f"no {what}: {self.logs()}"
            time.sleep(0.02)
        return arrived

    def go_on(self) -> None:
        """Let the plugin be done with the case that it is stuck on."""
        (self.folder / "go on").touch()

    def late(self) -> set[int]:
        """Return the dispatchers that lost a lease though nobody killed them: a busy machine."""
        return {
            pid
            for pid, process in self.dispatchers.items()
            if any(words in process.log.read_text() for words in ("lease lost", "settlement lost"))
        }

    def logs(self) -> str:
        return "\n".join(log.read_text()[-2000:] for log in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        for process in (*self.web, *self.dispatchers.values()):
            process.abandon()
        for listening in self._listening:
            listening.close()

    def _environ(self) -> dict[str, str]:
        return {
            "FULFILLMENT_WEBHOOK_SECRET": SECRET,
            "FULFILLMENT_STORAGE_KEYS": KEYS,
            "FULFILLMENT_DISABLE_PLUGINS": "",
            "INBOX_URL": self.url,
            "TOLD": str(self.folder),
        }


@contextlib.contextmanager
def sending(hosts: Hosts, cases: list[str], events: int) -> Iterator[None]:
    """Have each case's events come in, one after the other; the block's end waits for all."""
    failures: list[BaseException] = []

    def send(case: str) -> None:
        try:
            for sequence in range(1, events + 1):
                hosts.send(case, sequence)
        except BaseException as error:  # noqa: BLE001  raised below, in the test
            failures.append(error)

    gateways = [threading.Thread(target=send, args=(case,)) for case in cases]
    for gateway in gateways:
        gateway.start()
    try:
        yield
    finally:
        for gateway in gateways:
            gateway.join()
    assert not failures, failures
