"""`fulfillment dispatch` passes on what a receiver has stored, and ends in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import Destination, Event, RetryPolicy
from tests.journeys._told import PLUGIN
from tests.postgres import server
from tests.unit.plugins.bodies import status_changed

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + "A" * 32
KEYS = "k:" + "A" * 43 + "="
WAITS = "Waiting for the dispatcher of this database to end, to take over from it"


class Ear:
    """The socket that the plugin tells."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "told")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(30)

    def next(self) -> tuple[int, str]:
        """Wait for the next event; return who delivered it, and its id."""
        pid, _, event_id = self._socket.recv(1000).decode().split()
        return int(pid), event_id

    def let_go(self, event_id: str, pid: int) -> None:
        self._socket.sendto(b"go on", f"{self.path}.{event_id}.{pid}")

    def close(self) -> None:
        self._socket.close()


class Dispatch:
    """A running `fulfillment dispatch`."""

    def __init__(self, data: str, told: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "fulfillment_sdk", "dispatch", data),
                *("--plugin", "tests.journeys._told:PLUGIN", *arguments),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "TOLD": told,
                "FULFILLMENT_STORAGE_KEYS": KEYS,
                "FULFILLMENT_DISABLE_PLUGINS": "",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def says(self, words: str) -> str:
        """Wait for a line of its output that has these words."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if words in line:
                return line
        raise AssertionError(f"ended without {words!r}: {self._process.communicate()[1]}")

    def logs(self, words: str) -> None:
        """Wait for a line of its log that has these words."""
        assert self._process.stderr is not None
        assert any(words in line for line in self._process.stderr)

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def press(self, number: int) -> None:
        """Send a signal again and again until it has ended, as somebody impatient does."""
        while self._process.poll() is None:
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the status that it ends with."""
        self._process.send_signal(number)
        return self.status()

    def status(self) -> int:
        self._process.communicate(timeout=30)
        return self._process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


class House:
    """A receiver's database, which only accepts."""

    def __init__(self, data: str, policy: RetryPolicy | None = None) -> None:
        self.data = data
        self._receiver = Receiver(
            [SECRET], data, [PLUGIN], load_entry_points=False, storage_keys=KEYS, policy=policy
        )

    def accept(self, *ids: str, case_id: str = "case_1", first: int = 1) -> None:
        for sequence, event_id in enumerate(ids, first):
            body = status_changed(event_id, case_id, sequence)
            event = Event(event_id, "case.status_changed", case_id, sequence, body)
            self._receiver.relay.accept(event).result(30)

    def undelivered(self) -> list[str]:
        return [one.event_id for one in self._receiver.relay.undelivered().result(30)]

    def attempts(self) -> list[str]:
        return [one.event_id for one in self._receiver.relay.attempts().result(30)]

    def destinations(self) -> list[Destination]:
        relay = self._receiver.relay
        return relay.store.read(relay.list_destinations).result(30)

    def close(self) -> None:
        self._receiver.stop()


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    ear = Ear(tmp_path)
    yield ear
    ear.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(str(tmp_path / "data"))
    house.accept("e1")
    yield house
    house.close()


@pytest.fixture
def server_house() -> Iterator[House]:
    url = server().new_database()
    house = House(url)
    yield house
    house.close()
    server().drop_database(url)


def test_what_was_stored_is_passed_on_and_what_comes_later_too(house: House, ear: Ear) -> None:
    with Dispatch(house.data, ear.path) as running:
        running.says("Dispatching to told")
        assert ear.next() == (running.pid, "e1")
        house.accept("e2", "e3", first=2)
        assert [ear.next()[1], ear.next()[1]] == ["e2", "e3"]
        assert running.end() == 0
    assert house.undelivered() == []


def test_a_signal_ends_it_once_what_is_in_hand_is_delivered(house: House, ear: Ear) -> None:
    house.accept("e2", "e3", case_id="slow")
    with Dispatch(house.data, ear.path, "--grace", "25") as running:
        running.says("Dispatching")
        while ear.next()[1] != "e2":
            continue
        running.send(signal.SIGTERM)
        running.says("Finishing what is in hand")
        ear.let_go("e2", running.pid)
        assert running.status() == 0
    assert house.undelivered() == ["e3"], "begun is finished, and nothing else is begun"
    assert sorted(house.attempts()) == ["e1", "e2"]


def test_a_second_signal_ends_it_at_once(house: House, ear: Ear) -> None:
    house.accept("e2", case_id="slow")
    with Dispatch(house.data, ear.path, "--grace", "600") as running:
        while ear.next()[1] != "e2":
            continue
        running.send(signal.SIGTERM)
        running.says("Finishing what is in hand")
        running.press(signal.SIGTERM)
        assert running.status() == -signal.SIGTERM
    assert "e2" in house.undelivered(), "what was in hand goes out again"


def test_a_signal_that_comes_doubled_is_one(house: House, ear: Ear) -> None:
    house.accept("e2", case_id="slow")
    with Dispatch(house.data, ear.path, "--grace", "25") as running:
        while ear.next()[1] != "e2":
            continue
        running.send(signal.SIGTERM)
        running.send(signal.SIGINT)
        running.says("Finishing what is in hand")
        ear.let_go("e2", running.pid)
        assert running.status() == 0
    assert house.undelivered() == []


def test_a_receiver_that_only_accepts_leaves_its_plugins_to_the_command(
    tmp_path: Path, ear: Ear
) -> None:
    body = status_changed("e1")
    headers = signing.headers([SECRET], "e1", int(time.time()), body)
    headers["Content-Type"] = "application/json"
    data = tmp_path / "data"
    with Receiver(
        [SECRET], data, [PLUGIN], load_entry_points=False, storage_keys=KEYS, dispatch=False
    ) as receiver:
        with Dispatch(str(data), ear.path) as running:
            running.says("Dispatching to told")
            assert receiver.handle("POST", headers, body).status == 202
            assert ear.next() == (running.pid, "e1")
            assert running.end() == 0
        assert receiver.relay.undelivered().result(30) == []


def test_of_two_on_one_file_the_second_waits_for_the_end_of_the_first(
    house: House, ear: Ear
) -> None:
    with Dispatch(house.data, ear.path) as first:
        assert ear.next() == (first.pid, "e1")
        with Dispatch(house.data, ear.path) as second:
            second.says(WAITS)
            house.accept("e2", first=2)
            assert ear.next() == (first.pid, "e2")
            first.end(signal.SIGKILL)
            house.accept("e3", first=3)
            while ear.next() != (second.pid, "e3"):
                continue  # what the first had in hand when it died comes again
            second.says("Dispatching to told")
            assert second.end(signal.SIGINT) == 0
    assert house.undelivered() == []


def test_what_is_for_a_plugin_that_is_not_there_waits_and_is_told(tmp_path: Path, ear: Ear) -> None:
    class Other(type(PLUGIN)):  # type: ignore[misc]
        name = "other"

    data = tmp_path / "data"
    with Receiver(
        [SECRET], data, [Other()], load_entry_points=False, storage_keys=KEYS
    ) as receiver:
        assert receiver.destinations == ("other",)
    with Dispatch(str(data), ear.path) as running:
        assert running.says("other waits") == (
            "other waits: add --plugin or --sink for it, as the receiver has it\n"
        )
        running.says("Dispatching to told")
        assert running.end() == 0


def test_what_the_receiver_declared_stays_as_it_is(tmp_path: Path, ear: Ear) -> None:
    with contextlib.closing(House(str(tmp_path / "data"), RetryPolicy((0, 7)))) as house:
        declared = house.destinations()
        with Dispatch(house.data, ear.path) as running:
            running.says("Dispatching to told")
            assert running.end() == 0
        assert [one.policy for one in declared] == [RetryPolicy((0, 7))]
        assert house.destinations() == declared


def test_any_number_of_them_serve_a_database_on_a_server(server_house: House, ear: Ear) -> None:
    house = server_house
    house.accept("e1", case_id="slow")
    with (
        Dispatch(house.data, ear.path, "--grace", "25") as first,
        Dispatch(house.data, ear.path, "--grace", "25") as second,
    ):
        first.says("Dispatching")
        second.says("Dispatching")
        busy, event_id = ear.next()
        house.accept("e2", case_id="slow", first=2)
        house.accept("f1", case_id="case_2")
        assert ear.next()[1] == "f1", "a slow case holds up no other"
        ear.let_go(event_id, busy)
        busy, event_id = ear.next()
        assert event_id == "e2", "and its own events go one after the other"
        ear.let_go(event_id, busy)
        assert (first.end(), second.end()) == (0, 0)
    assert house.undelivered() == []


def test_a_database_that_is_not_there_ends_it_with_a_remedy(tmp_path: Path, ear: Ear) -> None:
    with Dispatch("postgresql://nobody@127.0.0.1:1/none", ear.path) as running:
        running.logs("Look at its disk space, permissions and whether it is up")
        assert running.status() == 1


def test_a_configuration_says_what_is_passed_on_and_where_to(
    house: House, ear: Ear, tmp_path: Path
) -> None:
    audit = tmp_path / "audit.jsonl"
    (tmp_path / "keys").write_text(KEYS)
    config = tmp_path / "own.toml"
    config.write_text(
        f"""
        [receiver]
        data = "{house.data}"
        secrets = {{ env = "NOT_IN_THIS_PROCESS" }}
        storage_keys = {{ file = "{tmp_path / "keys"}" }}

        [sinks.audit]
        kind = "jsonl"
        path = "{audit}"
        """
    )
    with Dispatch(f"--config={config}", ear.path) as running:
        running.says("Dispatching to told, audit")
        house.accept("e2", case_id="case_2", first=1)
        assert {ear.next()[1], ear.next()[1]} == {"e1", "e2"}
        running.logs("destination=audit event=e2 lane=case_2 n=1 outcome=delivered")
        assert running.end() == 0
    assert '"e2"' in audit.read_text()
    assert house.undelivered() == []
