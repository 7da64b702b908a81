"""What a receiver answers and passes on (contract, section 4, "Receiver")."""

from __future__ import annotations

import asyncio
import logging
import random
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError, PluginError, StoreUnavailable
from fulfillment_sdk.models.events import StatusChanged
from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import (
    Accepted,
    Attempt,
    Delivered,
    Delivery,
    Event,
    Outcome,
    RetryPolicy,
)
from fulfillment_sdk.relay.schema import events, quarantine
from fulfillment_sdk.store import Sealer
from fulfillment_sdk.store.keys import KEYS_VARIABLE, format_keys
from tests.postgres import new_database
from tests.unit.plugins.bodies import status_changed, unknown_type
from tests.unit.receiver.conftest import NOW, SECRET, Box, Inbox, MakeReceiver, signed

BODY = status_changed()
ONE_KEY = "k:" + "A" * 43 + "="
AT_ONCE = RetryPolicy(schedule=(0, 0, 0), jitter=0)


def count(receiver: Receiver, table: sa.Table) -> int:
    query = sa.select(sa.func.count()).select_from(table)
    return int(receiver.relay.store.read(lambda c: c.execute(query).scalar_one()).result())


# -- answers -------------------------------------------------------------------------------------


def test_a_rightly_signed_event_is_stored_and_answered_with_202(
    make_receiver: MakeReceiver,
) -> None:
    receiver = make_receiver(Inbox())

    reply = receiver.handle("POST", signed(BODY), BODY)

    assert (reply.status, reply.body) == (202, b'{"status":"stored"}')
    assert count(receiver, events) == 1


def test_the_same_event_again_is_answered_with_200_and_not_passed_on_again(
    make_receiver: MakeReceiver,
) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox)

    receiver.handle("POST", signed(BODY), BODY)
    reply = receiver.handle("POST", signed(BODY, at=NOW + 60), BODY)
    later = status_changed("evt_2", sequence=5)
    receiver.handle("POST", signed(later, event_id="evt_2"), later)

    assert (reply.status, reply.body) == (200, b'{"status":"seen"}')
    assert [inbox.take().id, inbox.take().id] == ["evt_1", "evt_2"]
    assert inbox.is_empty


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        signed(BODY, secret=signing.new_secret()),
        signed(BODY + b" "),
        signed(BODY, at=NOW - 301),
        signed(BODY, at=NOW + 301),
        {**signed(BODY), "webhook-id": "evt_2"},
        {**signed(BODY), "webhook-signature": ""},
        {**signed(BODY), "webhook-signature": "v1,\udcff v1a,x"},
        {**signed(BODY), "webhook-timestamp": "9" * 5000},
        {**signed(BODY), "webhook-id": "evt_1\ud800"},
        {**signed(BODY), "webhook-id": "e" * 257},
    ],
)
def test_what_is_not_rightly_signed_is_answered_with_401_and_not_stored(
    make_receiver: MakeReceiver, headers: dict[str, str]
) -> None:
    receiver = make_receiver(Inbox())

    reply = receiver.handle("POST", headers, BODY)

    assert reply.status == 401
    assert count(receiver, events) == count(receiver, quarantine) == 0


def test_each_of_several_secrets_is_taken(tmp_path: Path) -> None:
    older = signing.new_secret()
    with Receiver(f"{SECRET} {older}", tmp_path, [Inbox()], clock=lambda: NOW) as receiver:
        replies = [
            receiver.handle("POST", signed(body, event_id=name, secret=secret), body).status
            for name, secret in (("evt_1", older), ("evt_2", SECRET))
            for body in [status_changed(name)]
        ]

    assert replies == [202, 202]


def test_more_than_16_mib_is_answered_with_413_though_no_length_said_so(
    make_receiver: MakeReceiver,
) -> None:
    body = b" " * (16 * 2**20 + 1)
    headers = {"Content-Type": "application/json"}

    assert make_receiver(Inbox()).handle("POST", headers, body).status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"id": "evt_1"}',
        b'{"id": "evt_1", "id": "evt_1", "type": "x", "data": {}}',
        b'{"id": "evt_1", "type": "case.status_changed", "data": {"case_id": 5}}',
        b"[" * 5000,
        b"\xff\xfe",
        status_changed("evt_of_another_id"),
        status_changed("evt_1\ud800"),
        status_changed(case_id="\udfff"),
        status_changed().replace(b"case_1", "\ud800".encode(errors="surrogatepass")),
    ],
)
def test_a_signed_body_that_cannot_be_read_is_kept_apart_and_reported(
    make_receiver: MakeReceiver, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = make_receiver(Inbox())

    with caplog.at_level(logging.WARNING):
        reply = receiver.handle("POST", signed(body), body)

    assert reply.status == 202
    assert (count(receiver, events), count(receiver, quarantine)) == (0, 1)
    assert "notification evt_1 is kept but not passed on" in caplog.text


def test_a_known_id_with_other_bytes_is_kept_apart_and_reported(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox)
    other = status_changed("evt_1", case_id="case_2")

    receiver.handle("POST", signed(BODY), BODY)
    with caplog.at_level(logging.WARNING):
        reply = receiver.handle("POST", signed(other), other)

    assert reply.status == 202
    assert (count(receiver, events), count(receiver, quarantine)) == (1, 1)
    assert "notification evt_1 came again with other bytes" in caplog.text
    assert inbox.take().case_id == "case_1"
    assert inbox.is_empty


@pytest.mark.parametrize("on_a_server", [False, True])
def test_a_case_whose_id_no_index_takes_is_kept_apart_so_that_it_blocks_no_sender(
    make_receiver: MakeReceiver, on_a_server: bool
) -> None:
    options = {"data": new_database(), "storage_keys": ONE_KEY} if on_a_server else {}
    receiver = make_receiver(Inbox(), **options)
    longer = random.Random(5).randbytes(2000).hex()  # what compresses is shorter in an index
    statuses = []
    for event_id, case_id in [("evt_1", "é" * 200), ("evt_2", longer)]:
        body = status_changed(event_id, case_id)
        statuses.append(receiver.handle("POST", signed(body, event_id=event_id), body).status)

    assert statuses == [202, 202]
    assert (count(receiver, events), count(receiver, quarantine)) == (1, 1)


def test_an_event_of_no_case_is_stored_however_long_its_id_may_be(
    make_receiver: MakeReceiver,
) -> None:
    receiver = make_receiver(Inbox())
    longest = "e" * 256
    body = b'{"id": "%s", "type": "news", "data": {}}' % longest.encode()

    assert receiver.handle("POST", signed(body, event_id=longest), body).status == 202
    assert (count(receiver, events), count(receiver, quarantine)) == (1, 0)


def test_an_unknown_type_is_stored(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Inbox())
    body = unknown_type("evt_1")

    reply = receiver.handle("POST", signed(body), body)

    assert reply.status == 202
    assert count(receiver, events) == 1


@pytest.mark.parametrize("sequence", [2**70, -1, 0])
def test_a_sequence_that_no_sender_counts_to_does_not_keep_an_event_out(
    make_receiver: MakeReceiver, sequence: int
) -> None:
    inbox = Inbox()
    body = status_changed(sequence=sequence)

    reply = make_receiver(inbox).handle("POST", signed(body), body)

    assert reply.status == 202
    assert inbox.take().id == "evt_1"


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


async def test_the_answers_in_a_loop_are_the_same(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Inbox())

    answers = [
        await receiver.handle_async("POST", signed(BODY), BODY),
        await receiver.handle_async("POST", signed(BODY), BODY),
        await receiver.handle_async("POST", signed(b"x"), b"x"),
        await receiver.handle_async("POST", signed(b"x"), b"y"),
        await receiver.handle_async("GET", {}, b""),
    ]

    assert [answer.status for answer in answers] == [202, 200, 202, 401, 405]


def test_nothing_that_was_sent_is_logged(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = status_changed(case_id="case_of_Jane_Doe").replace(b"qc", b"Jane Doe")
    receiver = make_receiver(Inbox())

    for sent in (body, body[:-1], body.replace(b"evt_1", b"evt_2")):
        receiver.handle("POST", signed(sent), sent)
    receiver.handle("POST", signed(body, secret=signing.new_secret()), body)

    assert "Jane Doe" not in caplog.text
    assert SECRET not in caplog.text


# -- passing on ----------------------------------------------------------------------------------


def test_a_plugin_gets_the_typed_event(make_receiver: MakeReceiver) -> None:
    inbox = Inbox()

    make_receiver(inbox).handle("POST", signed(BODY), BODY)

    event = inbox.take()
    assert (event.id, event.case_id, event.new_status) == ("evt_1", "case_1", "submitted")


def test_events_of_a_case_arrive_in_order(make_receiver: MakeReceiver) -> None:
    inbox = Inbox()
    receiver = make_receiver(inbox)

    for number in range(1, 7):
        body = status_changed(f"evt_{number}", sequence=number)
        receiver.handle("POST", signed(body, event_id=f"evt_{number}"), body)

    assert [inbox.take().sequence for _ in range(6)] == [1, 2, 3, 4, 5, 6]


@attrs.define
class Failing:
    name: str = "failing"
    calls: int = 0

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self.calls += 1
        if self.calls < 3:
            raise RuntimeError("not yet")


def test_a_plugin_that_raises_is_called_again_and_holds_up_no_other(
    make_receiver: MakeReceiver,
) -> None:
    failing, inbox = Failing(), Inbox()
    attempts = Attempts(until=4)
    receiver = make_receiver(failing, inbox, attempts, policy=AT_ONCE)

    reply = receiver.handle("POST", signed(BODY), BODY)

    assert reply.status == 202
    assert inbox.take().id == "evt_1"
    assert sorted((seen.destination, seen.attempt, seen.outcome) for seen in attempts.wait()) == [
        ("failing", 1, "retry"),
        ("failing", 2, "retry"),
        ("failing", 3, "delivered"),
        ("inbox", 1, "delivered"),
    ]


class Attempts:
    """A plugin that observes."""

    name = "attempts"

    def __init__(self, until: int) -> None:
        self._seen = Box[Attempt]()
        self._until = until

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        self._seen.put(attempt)

    def wait(self) -> list[Attempt]:
        return [self._seen.take() for _ in range(self._until)]


async def test_an_async_hook_runs_in_the_host_s_loop_if_the_host_asks_for_it(
    make_receiver: MakeReceiver,
) -> None:
    seen: asyncio.Queue[tuple[str, asyncio.AbstractEventLoop]] = asyncio.Queue()

    class Async:
        @hookimpl
        async def fulfillment_status_changed(self, event: StatusChanged) -> None:
            seen.put_nowait((event.id, asyncio.get_running_loop()))

    async with make_receiver(Async()).running() as receiver:
        await receiver.handle_async("POST", signed(BODY), BODY)
        async with asyncio.timeout(20):
            event_id, loop = await seen.get()

    assert event_id == "evt_1"
    assert loop is asyncio.get_running_loop()


@attrs.frozen
class BoxSettings:
    label: str


@attrs.frozen
class BoxSink:
    label: str
    box: Box[tuple[str, str]]

    def deliver(self, delivery: Delivery) -> Outcome:
        self.box.put((self.label, delivery.id))
        return Delivered()


@attrs.frozen
class BoxPlugin:
    box: Box[tuple[str, str]]
    name: str = "boxes"

    @hookimpl
    def fulfillment_register_sinks(self, register: RegisterSink) -> None:
        register("box", BoxSettings, lambda settings: BoxSink(settings.label, self.box))


def test_configured_sinks_get_what_they_asked_for(make_receiver: MakeReceiver) -> None:
    box = Box[tuple[str, str]]()
    sinks = {
        "all": {"kind": "box", "label": "first"},
        "completions": {"kind": "box", "label": "second", "events": ["case.completed"]},
    }
    receiver = make_receiver(BoxPlugin(box), sinks=sinks)

    receiver.handle("POST", signed(BODY), BODY)
    first = box.take()
    receiver.stop()

    assert first == ("first", "evt_1")
    assert box.is_empty


def test_a_sink_that_cannot_be_opened_is_no_reason_for_a_5xx(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    class Unopened(BoxSink):
        def open(self) -> None:
            raise OSError("no such share")

    class Plugin:
        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("box", BoxSettings, lambda settings: Unopened(settings.label, Box()))

    receiver = make_receiver(Plugin(), sinks={"share": {"kind": "box", "label": "x"}})

    assert receiver.handle("POST", signed(BODY), BODY).status == 202
    [left] = receiver.relay.undelivered().result()
    assert (left.destination, left.event_id) == ("share", "evt_1")


def test_a_list_of_sinks_is_an_error_that_says_what_to_write(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_receiver(Inbox(), sinks=[{"kind": "box"}])

    assert caught.value.message == "The receiver's sinks must be a mapping from a name to a table"
    assert caught.value.remedy.startswith('Write sinks={"audit": {"kind": "…"}}')


def test_a_plugin_and_a_sink_cannot_share_a_name(make_receiver: MakeReceiver) -> None:
    sinks = {"inbox": {"kind": "box", "label": "x"}}

    with pytest.raises(ConfigurationError, match="both called inbox"):
        make_receiver(Inbox(), BoxPlugin(Box()), sinks=sinks)


def test_a_receiver_with_nothing_to_pass_events_to_says_so(
    make_receiver: MakeReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    make_receiver()

    assert "no plugin and no sink" in caplog.text


def test_what_was_accepted_before_a_restart_is_passed_on_after_it(
    make_receiver: MakeReceiver,
) -> None:
    first = make_receiver(Inbox())
    first.relay.accept(Event("evt_1", "case.status_changed", "case_1", 4, BODY)).result()
    first.stop()
    inbox = Inbox()

    with make_receiver(inbox):
        assert inbox.take().id == "evt_1"


# -- making one ----------------------------------------------------------------------------------


def test_making_a_receiver_opens_nothing(make_receiver: MakeReceiver, tmp_path: Path) -> None:
    make_receiver(Inbox())

    assert list(tmp_path.iterdir()) == []


def test_a_folder_gets_a_database_and_keys_that_only_their_owner_reads(
    make_receiver: MakeReceiver, tmp_path: Path
) -> None:
    make_receiver(Inbox()).start()

    keys = tmp_path / "data" / "storage-keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert (tmp_path / "data" / "receiver.db").exists()


def test_bodies_are_sealed(make_receiver: MakeReceiver, tmp_path: Path) -> None:
    receiver = make_receiver(Inbox())

    receiver.handle("POST", signed(BODY), BODY)
    receiver.stop()

    assert b"HL-CMS-000123" not in (tmp_path / "data" / "receiver.db").read_bytes()


def test_a_database_of_its_own_can_be_named(make_receiver: MakeReceiver, tmp_path: Path) -> None:
    keys = format_keys([("k1", Sealer.new_key())])
    receiver = make_receiver(Inbox(), data=f"sqlite:///{tmp_path / 'own.db'}", storage_keys=keys)

    assert receiver.handle("POST", signed(BODY), BODY).status == 202
    assert (tmp_path / "own.db").exists()
    assert not (tmp_path / "storage-keys").exists()


def test_a_database_on_a_server_needs_storage_keys(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError, match=f"Set {KEYS_VARIABLE}"):
        make_receiver(Inbox(), data="postgresql+psycopg://host/db")


@pytest.mark.parametrize("secrets", [[], "", "whsec_short", ["secret"]])
def test_secrets_that_cannot_be_are_refused(secrets: list[str] | str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        Receiver(secrets, tmp_path)


def test_a_plugin_that_is_not_in_order_is_refused(make_receiver: MakeReceiver) -> None:
    with pytest.raises(PluginError, match="has no hook"):
        make_receiver(object())


def test_a_plugin_that_no_receiver_calls_is_refused(make_receiver: MakeReceiver) -> None:
    class Observer:
        name = "observer"

        @hookimpl
        def fulfillment_before_request(self) -> None: ...

    with pytest.raises(PluginError, match="observer has no hook that a receiver calls"):
        make_receiver(Observer())


def test_starting_and_stopping_twice_does_no_harm(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Inbox())

    receiver.start()
    receiver.start()
    receiver.stop()
    receiver.stop()

    assert receiver.handle("POST", signed(BODY), BODY).status == 202
