"""A process's counts get to where all processes have theirs, and stay there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.receiver import Receiver, SecretUse
from fulfillment_sdk.receiver.secrets import tally
from fulfillment_sdk.receiver.secrets.schema import SCHEMA
from fulfillment_sdk.receiver.secrets.totals import fingerprint
from fulfillment_sdk.relay import Relay
from tests.postgres import server
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import NOW

OLD, NEW = signing.new_secret(), signing.new_secret()
KEYS = [("k", b"k" * 32)]

MakeReceiver = Callable[..., Receiver]


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeReceiver]:
    """Make receivers of one database, as its processes do."""
    on_server = request.param == "postgresql"
    data = server().new_database() if on_server else str(tmp_path / "data")
    made: list[Receiver] = []

    def make(*secrets: str) -> Receiver:
        receiver = Receiver(
            secrets, data, clock=lambda: NOW, load_entry_points=False, storage_keys=KEYS
        )
        made.append(receiver)
        return receiver

    yield make
    for receiver in made:
        receiver.stop()
    if on_server:
        server().drop_database(data)


def take(receiver: Receiver, event_id: str, *secrets: str) -> None:
    body = status_changed(event_id)
    headers = signing.headers(secrets, event_id, int(NOW), body)
    headers["Content-Type"] = "application/json"
    assert receiver.handle("POST", headers, body).status == 202


def totals(receiver: Receiver) -> list[SecretUse]:
    return list(receiver.secret_totals().result(30))


def test_all_processes_are_told_of_by_each(make: MakeReceiver) -> None:
    first, second = make(NEW, OLD), make(OLD)  # the second has not heard of the new one yet
    take(first, "evt_1", NEW, OLD)
    take(second, "evt_2", NEW, OLD)
    take(second, "evt_3", OLD)

    assert totals(second) == [SecretUse(0, 2, NOW)]
    assert totals(first) == [SecretUse(0, 1, NOW), SecretUse(1, 2, NOW)]
    assert [one.count for one in second.secret_uses()] == [2], "and of itself alone"


def test_asking_again_counts_nothing_twice(make: MakeReceiver) -> None:
    receiver = make(NEW)
    take(receiver, "evt_1", NEW)

    assert totals(receiver) == totals(receiver) == [SecretUse(0, 1, NOW)]


def test_a_process_that_ends_leaves_its_counts_behind(make: MakeReceiver) -> None:
    ending = make(NEW)
    take(ending, "evt_1", NEW)
    ending.stop()

    assert totals(make(OLD, NEW)) == [SecretUse(0, 0, None), SecretUse(1, 1, NOW)]


def test_a_count_is_saved_before_long_though_nobody_asks(
    make: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "SAVED_AFTER", 0.0)
    counting, asking = make(NEW), make(NEW)
    take(counting, "evt_1", NEW)

    deadline = time.monotonic() + 20
    while totals(asking) != [SecretUse(0, 1, NOW)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_a_host_with_a_loop_awaits_it(make: MakeReceiver) -> None:
    receiver = make(NEW)
    take(receiver, "evt_1", NEW)

    assert list(await receiver.secret_totals()) == [SecretUse(0, 1, NOW)]


def test_what_cannot_be_saved_is_kept_for_the_next_time_and_told_in_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known_as = fingerprint(NEW)
    counts = tally.Tally(lambda: [known_as], lambda: NOW, lambda: None)
    url = f"sqlite:///{tmp_path}/r.db"
    with Relay(url, sinks={}, keys=KEYS) as without_the_table:
        counts.note(known_as, NOW)
        counts.save(without_the_table)
    counts.save(without_the_table)  # it is closed

    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "whsec_" not in caplog.text
    with Relay(url, sinks={}, keys=KEYS, schemas=[SCHEMA]) as relay:
        assert list(counts.told(relay).result(30)) == [SecretUse(0, 1, NOW)]


def test_a_process_that_gets_no_more_threads_counts_all_the_same(
    make: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    receiver = make(NEW)
    receiver.start()
    monkeypatch.setattr(threading.Timer, "start", start)
    take(receiver, "evt_1", NEW)
    take(receiver, "evt_2", NEW)

    assert totals(receiver) == [SecretUse(0, 2, NOW)]
