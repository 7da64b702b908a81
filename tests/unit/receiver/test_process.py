"""Each process has a relay of its own, also after a fork."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from pathlib import Path

import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.receiver.process import PerProcess
from fulfillment_sdk.relay import Relay


def test_a_relay_opens_once_and_starts_once(tmp_path: Path) -> None:
    made: list[Relay] = []

    def make() -> Relay:
        made.append(Relay(f"sqlite:///{tmp_path / 'r.db'}", sinks={}))
        return made[-1]

    process = PerProcess(make)
    before = process.relay
    process.open()
    opened = process.is_started
    process.start()
    process.start()
    started = process.is_started
    process.stop()

    assert before is None
    assert (opened, started, process.is_started) == (False, True, False)
    assert len(made) == 1


def test_whoever_is_to_be_told_before_the_end_finds_the_relay_open(tmp_path: Path) -> None:
    found: list[int] = []

    def look(relay: Relay) -> None:
        found.append(len(relay.undelivered().result(30)))

    process = PerProcess(
        lambda: Relay(f"sqlite:///{tmp_path / 'r.db'}", sinks={}), before_close=look
    )
    process.stop()
    process.open()
    process.stop()
    process.stop()

    assert found == [0]


def test_who_waited_for_a_start_that_failed_does_not_try_behind_it(tmp_path: Path) -> None:
    tries: list[int] = []
    others: list[threading.Thread] = []
    waits = threading.Event()

    def steady() -> float:
        if threading.current_thread() in others:
            waits.set()
        return now[0]

    def make() -> Relay:
        tries.append(1)
        if len(tries) == 1:
            others.append(threading.Thread(target=ensure_started))
            others[0].start()
            assert waits.wait(10)
            raise StoreUnavailable("it does not answer")
        return Relay(f"sqlite:///{tmp_path / 'r.db'}", sinks={})

    def ensure_started() -> None:
        process.ensure_started(patience=1, rest=5)

    now = [100.0]
    process = PerProcess(make, steady=steady)
    with pytest.raises(StoreUnavailable):
        ensure_started()
    others[0].join(10)
    ensure_started()
    while_it_rests = len(tries)
    now[0] += 5
    ensure_started()
    process.stop()

    assert (while_it_rests, len(tries)) == (1, 2)


def test_another_process_has_a_relay_of_its_own_and_leaves_the_first_ones_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = PerProcess(lambda: Relay(f"sqlite:///{tmp_path / 'r.db'}", sinks={}))
    first = weakref.ref(process.open())
    here = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: here + 1)
    inherited = process.relay
    own = process.open()
    process.stop()
    gc.collect()
    left = first()
    assert left is not None, "it would close what is its parent's"
    is_another = own is not left
    monkeypatch.undo()
    left.close()

    assert (inherited, is_another) == (None, True)


FORKS = """
    import os, sys, time, warnings
    warnings.simplefilter("ignore")
    from fulfillment_sdk import signing
    from fulfillment_sdk.plugins import hookimpl
    from fulfillment_sdk.receiver import Receiver
    from tests.unit.plugins.bodies import status_changed

    folder, = sys.argv[1:]
    secret = signing.new_secret()

    class Writer:
        name = "writer"

        @hookimpl
        def fulfillment_status_changed(self, event):
            with open(f"{folder}/seen", "a") as file:
                file.write(event.id + "\\n")

    receiver = Receiver([secret], folder, [Writer()], load_entry_points=False)

    def send(event_id):
        body = status_changed(event_id, case_id=event_id)
        headers = signing.headers([secret], event_id, int(time.time()), body)
        headers["content-type"] = "application/json"
        return receiver.handle("POST", headers, body).status

    print(send("evt_parent"), flush=True)
    child = os.fork()
    if child == 0:
        print(send("evt_child"), send("evt_parent"), flush=True)
        receiver.stop()
        os._exit(0)
    os.waitpid(child, 0)
    print(send("evt_again"), flush=True)
    deadline = time.monotonic() + 20
    while receiver.relay.undelivered().result() and time.monotonic() < deadline:
        time.sleep(0.02)
    receiver.stop()
"""


def test_a_forked_child_of_a_running_receiver_answers_and_the_parent_goes_on(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FORKS), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=Path(__file__).parents[3],
    )

    assert done.stdout.split() == ["202", "202", "200", "202"], done.stderr
    seen = (tmp_path / "seen").read_text().split()
    assert sorted(set(seen)) == ["evt_again", "evt_child", "evt_parent"]


ENDS_WITHOUT_A_WORD = """
    import sys, time
    from fulfillment_sdk import signing
    from fulfillment_sdk.plugins import hookimpl
    from fulfillment_sdk.receiver import Receiver
    from tests.unit.plugins.bodies import status_changed

    folder, = sys.argv[1:]
    secret = signing.new_secret()
    began = []

    class Slow:
        name = "slow"

        @hookimpl
        def fulfillment_status_changed(self, event):
            began.append(event.id)
            time.sleep(0.3)
            print("delivered", flush=True)

    receiver = Receiver([secret], folder, [Slow()], load_entry_points=False)
    body = status_changed()
    headers = signing.headers([secret], "evt_1", int(time.time()), body)
    receiver.handle("POST", {"content-type": "application/json", **headers}, body)
    while not began:
        time.sleep(0.01)
"""


def test_a_worker_that_just_ends_finishes_what_is_in_hand(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ENDS_WITHOUT_A_WORD), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=Path(__file__).parents[3],
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "delivered\n", "")
    relay = Relay(f"sqlite:///{tmp_path / 'receiver.db'}", sinks={})
    undelivered = relay.undelivered().result()
    relay.close()
    assert undelivered == []
