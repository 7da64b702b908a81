"""SQLite under a server that forks: each process accepts, one dispatches, and it may be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import attrs
import pytest
import requests

from fulfillment_sdk import signing
from tests.journeys._server import SECONDS, clean_environment
from tests.unit.plugins.bodies import status_changed

from . import verdict
from .mounted import PLUGIN
from .witness import Told, Witness

pytest.importorskip("gunicorn", minversion="25.1", reason="needs its --no-control-socket")

ROOT = Path(__file__).parents[2]
SECRET = signing.new_secret()
CASES = 4
EVENTS = 60  # of each case
WORKERS = 3


@attrs.frozen
class Mounted:
    """A receiver under gunicorn."""

    process: subprocess.Popen[bytes]
    address: str
    witness: Witness

    def post(self, case: str, sequence: int) -> None:
        """Send an event until it is acknowledged, as a gateway would."""
        body = status_changed(f"{case}-{sequence:03}", case, sequence)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            headers = signing.headers([SECRET], f"{case}-{sequence:03}", int(time.time()), body)
            headers["Content-Type"] = "application/json"
            with contextlib.suppress(requests.RequestException):
                answer = requests.post(self.address, body, headers=headers, timeout=SECONDS)
                if answer.ok:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"{case} {sequence} is never acknowledged")

    def arrived(self) -> list[Told]:
        return list(self.witness.lines("arrived"))

    def accepting(self) -> set[int]:
        """Return the processes that have acknowledged something."""
        return {told.life for told in self.witness.lines("acknowledged")}

    def await_arrivals(self, enough: Callable[[list[Told]], bool]) -> list[Told]:
        deadline = time.monotonic() + SECONDS
        while not enough(arrived := self.arrived()):
            assert time.monotonic() < deadline, f"no more than {len(arrived)} events arrived"
            time.sleep(0.02)
        return arrived


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounted]:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--preload", "--no-control-socket"),
                *("--workers", str(WORKERS), "--bind", f"fd://{listening.fileno()}"),
                *("--log-file", str(tmp_path / "log"), "--graceful-timeout", "5"),
                f"tests.crash.mounted:application({str(folder)!r}, {SECRET!r})",
            ],
            cwd=ROOT,
            env=clean_environment(),
            pass_fds=[listening.fileno()],
        )
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        try:
            yield Mounted(process, address, Witness(folder / "witness"))
        finally:
            process.terminate()
            process.wait(SECONDS)


@pytest.mark.timeout(90)
def test_several_processes_accept_and_another_one_dispatches_when_the_first_is_killed(
    mounted: Mounted,
) -> None:
    failures: list[Exception] = []

    def post(case: str) -> None:
        try:
            for sequence in range(1, EVENTS + 1):
                mounted.post(case, sequence)
        except Exception as error:  # noqa: BLE001  raised below, in the test
            failures.append(error)

    gateways = [threading.Thread(target=post, args=(f"case-{n}",)) for n in range(CASES)]
    for gateway in gateways:
        gateway.start()
    first = mounted.await_arrivals(lambda arrived: len(arrived) > 5)[0].life
    mounted.await_arrivals(lambda _arrived: bool(mounted.accepting() - {first}))
    os.kill(first, signal.SIGKILL)
    second = mounted.await_arrivals(lambda arrived: arrived[-1].life != first)[-1].life
    os.kill(second, signal.SIGKILL)
    for gateway in gateways:
        gateway.join()
    assert not failures, failures
    arrived = mounted.await_arrivals(
        lambda arrived: len({told.event_id for told in arrived}) == CASES * EVENTS
    )

    dispatchers = [pid for pid, _ in groupby(told.life for told in arrived)]
    assert len(dispatchers) >= 3
    assert len(set(dispatchers)) == len(dispatchers), "two dispatched at the same time"
    verdict.in_order(arrived, PLUGIN)
    verdict.without_jumps(arrived, PLUGIN)
    verdict.repeated_only_by_force(arrived, {first, second})
