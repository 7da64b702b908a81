"""Plugins in a receiver: they get ready before they are called, and hear of dead letters."""

from __future__ import annotations

import functools
import sys
import threading
from importlib.metadata import EntryPoint
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks import loading
from fulfillment_sdk.hooks.installed import PROJECT
from fulfillment_sdk.models.events import StatusChanged
from fulfillment_sdk.plugins import Host, hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import Attempt, DeadLetter, RetryPolicy
from fulfillment_sdk.relay.dispatching.live_sinks import LiveSinks
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import SECRET, Box, Inbox, MakeReceiver, signed


@attrs.frozen
class Limits:
    most: int = 5


class Ready:
    """Gets ready, and notes what it is called with."""

    name = "ready"
    Settings = Limits

    def __init__(self, *failures: Exception) -> None:
        self.calls: Box[tuple[str, object]] = Box()
        self._failures = list(failures)

    @hookimpl
    def fulfillment_startup(self, host: Host) -> None:
        if self._failures:
            raise self._failures.pop()
        self.calls.put(("startup", (host.settings, host.destinations)))

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self.calls.put(("event", event.id))


def test_a_plugin_gets_ready_with_its_settings_before_its_first_event(
    make_receiver: MakeReceiver,
) -> None:
    ready = Ready()
    receiver = make_receiver(ready, Inbox(), plugin_settings={"ready": {"most": 9}})
    body = status_changed()
    assert receiver.handle("POST", signed(body), body).status == 202
    assert ready.calls.take() == ("startup", (Limits(9), ("ready", "inbox")))
    assert ready.calls.take() == ("event", "evt_1")


def test_making_a_receiver_starts_no_plugin_nor_does_one_that_just_accepts(
    make_receiver: MakeReceiver,
) -> None:
    ready = Ready()
    make_receiver(ready)
    with make_receiver(Ready(), dispatch=False) as accepting:
        body = status_changed()
        assert accepting.handle("POST", signed(body), body).status == 202
    assert ready.calls.is_empty


def test_while_one_cant_get_ready_its_events_wait_and_others_go_on(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    at_once = functools.partial(LiveSinks, retry=0.01)
    monkeypatch.setattr("fulfillment_sdk.relay.relay.LiveSinks", at_once)
    ready, inbox = Ready(RuntimeError("Jane Smith"), RuntimeError("Jane Smith")), Inbox()
    with make_receiver(ready, inbox) as receiver:
        body = status_changed()
        assert receiver.handle("POST", signed(body), body).status == 202
        assert inbox.take().id == "evt_1"
        assert [ready.calls.take()[0] for _ in range(2)] == ["startup", "event"]
    assert "plugin ready: fulfillment_startup failed: RuntimeError at " in caplog.text
    assert "Jane" not in caplog.text


class Pool:
    """Is no destination, and gets ready in the loop."""

    name = "pool"

    def __init__(self) -> None:
        self.threads: Box[str] = Box()

    @hookimpl
    async def fulfillment_startup(self, host: Host) -> None:
        self.threads.put(f"{threading.current_thread().name} {host.settings}")


def test_one_that_is_no_destination_gets_ready_too_and_may_await_it(
    make_receiver: MakeReceiver,
) -> None:
    pool = Pool()
    receiver = make_receiver(pool, Inbox())
    assert receiver.destinations == ("inbox",)
    with receiver:
        assert pool.threads.take() == "loop-pool None"


def test_such_a_plugin_and_a_sink_of_one_name_are_refused(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError, match="A plugin and a sink are both called pool"):
        make_receiver(Pool(), sinks={"pool": {"kind": "log"}})


def test_a_configuration_switches_a_plugin_off(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Ready(), Inbox(), plugin_settings={"ready": {"enabled": False}})
    assert receiver.destinations == ("inbox",)


def test_a_table_of_a_plugin_that_there_isnt_is_refused(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_receiver(Ready(), plugin_settings={"redy": {"enabled": False}})
    assert caught.value.remedy.startswith("Did you mean ready?")


class Alarm:
    name = "alarm"

    def __init__(self) -> None:
        self.heard: Box[Attempt | DeadLetter] = Box()

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        self.heard.put(attempt)

    @hookimpl
    def fulfillment_on_dead_letter(self, letter: DeadLetter) -> None:
        self.heard.put(letter)


class Refusing:
    name = "refusing"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        raise RuntimeError


def test_what_is_given_up_is_told_with_its_type(make_receiver: MakeReceiver) -> None:
    alarm = Alarm()
    with make_receiver(alarm, Refusing(), policy=RetryPolicy(schedule=(0,))) as receiver:
        body = status_changed()
        assert receiver.handle("POST", signed(body), body).status == 202
        last, letter = alarm.heard.take(), alarm.heard.take()
        assert isinstance(last, Attempt)
        assert last.outcome == "dead"
        assert letter in receiver.relay.dead_letters().result()


@pytest.mark.parametrize("hook", ["status_changed(event)", "startup(host)"])
def test_an_installed_plugin_that_is_called_like_a_sink_is_left_out(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "called_audit.py").write_text(
        "from fulfillment_sdk.plugins import hookimpl\n"
        f"name = 'audit'\n@hookimpl\ndef fulfillment_{hook}: pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "called_audit", raising=False)
    found = (EntryPoint("other", "called_audit", PROJECT),)
    monkeypatch.setattr(loading, "installed", lambda: found)

    receiver = Receiver(SECRET, tmp_path / "inbox", sinks={"audit": {"kind": "log"}})

    assert receiver.destinations == ("audit",)
    assert [(one.name, one.cause) for one in receiver.problems] == [
        ("audit", "A plugin and a sink are both called audit")
    ]
