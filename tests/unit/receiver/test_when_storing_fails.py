"""What a receiver answers when it can't store: a 503, but where the event alone is the reason."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.relay import Accepted
from fulfillment_sdk.relay.schema import quarantine
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import NOW, Inbox, MakeReceiver, count, signed

BODY = status_changed()


def test_what_cannot_be_stored_is_answered_with_503_and_retry_after(
    make_receiver: MakeReceiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    receiver = make_receiver(Inbox(), data=tmp_path / "taken")

    reply = receiver.handle("POST", signed(BODY), BODY)

    assert reply.status == 503
    assert dict(reply.headers)["retry-after"] == "5"
    assert "the receiver can't start" in caplog.text


def test_a_store_that_fails_in_use_is_a_503(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = make_receiver(Inbox())
    receiver.start()

    def full(*_given: object, **_options: object) -> None:
        raise StoreUnavailable("database or disk is full")

    monkeypatch.setattr(receiver.relay, "accept_in", full)

    assert receiver.handle("POST", signed(BODY), BODY).status == 503


def failing_with(error: Exception) -> Callable[..., list[Accepted]]:
    def accept_in(*_given: object, **_options: object) -> list[Accepted]:
        raise error

    return accept_in


def test_an_event_that_the_database_refuses_is_kept_apart_so_that_it_blocks_no_sender(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = make_receiver(Inbox())
    refusal = failing_with(ValueError("a NUL in Jane Doe"))
    monkeypatch.setattr(receiver.relay, "accept_in", refusal)

    reply = receiver.handle("POST", signed(BODY), BODY)

    assert reply.status == 202
    assert count(receiver, quarantine) == 1
    assert "evt_1 is kept but not passed on" in caplog.text
    assert "Jane" not in caplog.text


def test_a_failure_after_the_event_was_handed_over_is_a_503(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = make_receiver(Inbox())
    failure = failing_with(StoreUnavailable("disk I/O error"))
    monkeypatch.setattr(receiver.relay, "accept_in", failure)

    assert receiver.handle("POST", signed(BODY), BODY).status == 503


def test_a_receiver_recovers_once_its_store_is_back(
    make_receiver: MakeReceiver, tmp_path: Path
) -> None:
    now = [NOW]
    (tmp_path / "taken").write_text("a file where the folder should be")
    receiver = make_receiver(Inbox(), data=tmp_path / "taken", clock=lambda: now[0])

    before = receiver.handle("POST", signed(BODY), BODY).status
    (tmp_path / "taken").unlink()
    at_once = receiver.handle("POST", signed(BODY), BODY).status
    now[0] += 5
    later = receiver.handle("POST", signed(BODY), BODY).status

    assert (before, at_once, later) == (503, 503, 202)


def test_a_clock_that_is_set_back_does_not_keep_it_from_trying_again(
    make_receiver: MakeReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady, passed = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: steady() + passed[0])
    (tmp_path / "taken").write_text("a file where the folder should be")
    receiver = make_receiver(Inbox(), data=tmp_path / "taken", clock=time.time)

    before = receiver.handle("POST", signed(BODY, at=time.time()), BODY).status
    (tmp_path / "taken").unlink()
    passed[0] += 5
    later = receiver.handle("POST", signed(BODY, at=time.time()), BODY).status

    assert (before, later) == (503, 202)


@pytest.mark.parametrize("trouble", [MemoryError(), OSError("no file is free"), TimeoutError()])
def test_what_befalls_the_host_is_a_503_and_sets_no_event_aside(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    receiver = make_receiver(Inbox())
    receiver.start()
    with monkeypatch.context() as for_now:
        for_now.setattr(receiver.relay, "accept_in", failing_with(trouble))
        assert receiver.handle("POST", signed(BODY), BODY).status == 503

    assert count(receiver, quarantine) == 0
    assert receiver.handle("POST", signed(BODY), BODY).status == 202


def test_what_befalls_the_host_while_it_reads_is_a_503_too(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted(*_given: object) -> None:
        raise MemoryError

    receiver = make_receiver(Inbox())
    monkeypatch.setattr("fulfillment_sdk.receiver.intake.read_notification", exhausted)

    assert receiver.handle("POST", signed(BODY), BODY).status == 503
    assert "a notification is not stored: MemoryError" in caplog.messages


def test_a_plugin_that_blocks_the_loop_as_it_gets_ready_keeps_no_answer_back(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    class Blocks(Inbox):
        @hookimpl
        async def fulfillment_startup(self) -> None:
            release.wait()

    monkeypatch.setattr("fulfillment_sdk.receiver.running.START_SECONDS", 0.01)
    inbox = Blocks()
    receiver = make_receiver(inbox)
    try:
        assert receiver.handle("POST", signed(BODY), BODY).status == 202
        assert receiver.handle("POST", signed(BODY), BODY).status == 200
    finally:
        release.set()
    assert inbox.take().id == "evt_1"
