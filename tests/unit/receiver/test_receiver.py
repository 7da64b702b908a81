"""What a receiver answers (contract, section 4, "Receiver")."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay.schema import events, quarantine
from tests.postgres import new_database
from tests.unit.plugins.bodies import status_changed, unknown_type
from tests.unit.receiver.conftest import NOW, SECRET, Inbox, MakeReceiver, count, signed

BODY = status_changed()
ONE_KEY = "k:" + "A" * 43 + "="


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


@pytest.mark.parametrize("event_id", ["Jane,told,us", "jane@example"])
def test_an_id_that_looks_like_none_is_in_no_log(
    make_receiver: MakeReceiver, event_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = make_receiver(Inbox())
    first, other = (status_changed(event_id, case_id=one) for one in ("case_1", "case_2"))

    with caplog.at_level(logging.WARNING):
        for body in (b"{}", first, other):
            assert receiver.handle("POST", signed(body, event_id=event_id), body).status == 202

    assert event_id not in caplog.text
    assert "notification * is kept but not passed on" in caplog.text
    assert "notification * came again with other bytes" in caplog.text


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
