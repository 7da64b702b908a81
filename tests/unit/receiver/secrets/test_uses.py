"""The counter that tells a partner when an old secret is done (contract, section 5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.receiver import Receiver, SecretUse
from fulfillment_sdk.receiver.secrets.uses import Count, SecretUses, in_order
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import NOW, signed

OLD, NEW = signing.new_secret(), signing.new_secret()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """A receiver in the middle of a rotation, with a clock that stands still."""
    with Receiver([NEW, OLD], tmp_path, clock=lambda: NOW, load_entry_points=False) as receiver:
        yield receiver


def post(receiver: Receiver, body: bytes, event_id: str, *secrets: str) -> int:
    headers = signed(body, event_id=event_id)
    headers |= signing.headers(secrets, event_id, int(NOW), body)
    return receiver.handle("POST", headers, body).status


def test_what_is_signed_with_both_counts_for_the_newer_one(receiver: Receiver) -> None:
    assert post(receiver, status_changed("evt_1"), "evt_1", OLD) == 202
    assert post(receiver, status_changed("evt_2"), "evt_2", OLD, NEW) == 202
    assert post(receiver, status_changed("evt_3"), "evt_3", NEW) == 202
    assert list(receiver.secret_uses()) == [SecretUse(0, 2, NOW), SecretUse(1, 1, NOW)]


def test_what_comes_again_and_what_cannot_be_read_count_too(receiver: Receiver) -> None:
    assert post(receiver, status_changed("evt_1"), "evt_1", OLD) == 202
    assert post(receiver, status_changed("evt_1"), "evt_1", OLD) == 200
    assert post(receiver, b"{}", "evt_2", OLD) == 202
    assert [one.count for one in receiver.secret_uses()] == [0, 3]


def test_what_is_refused_counts_for_nobody(receiver: Receiver) -> None:
    assert post(receiver, status_changed("evt_1"), "evt_1", signing.new_secret()) == 401
    assert [one.count for one in receiver.secret_uses()] == [0, 0]


def test_the_counter_shows_no_secret(receiver: Receiver) -> None:
    assert "whsec_" not in repr(receiver.secret_uses())


def test_nothing_was_of_use_before_the_first_notification() -> None:
    assert list(in_order({}, ["new", "old"])) == [SecretUse(0, 0, None), SecretUse(1, 0, None)]


def test_each_secret_has_its_count_and_its_last_time() -> None:
    uses = SecretUses()
    for known_as, now in (("old", 5.0), ("new", 7.0), ("new", 6.0)):
        uses.note(known_as, now)
    assert uses.counts() == {"new": Count(2, 7.0), "old": Count(1, 5.0)}


def test_a_secret_keeps_its_count_when_another_comes_before_it() -> None:
    counts = {"old": Count(3, 5.0)}
    assert list(in_order(counts, ["old"])) == [SecretUse(0, 3, 5.0)]
    assert list(in_order(counts, ["new", "old"])) == [SecretUse(0), SecretUse(1, 3, 5.0)]


def test_no_count_is_lost_between_threads() -> None:
    uses = SecretUses()

    def note_many() -> None:
        for _ in range(500):
            uses.note("old", 1.0)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(note_many)
    assert uses.counts()["old"].count == 4_000


def test_a_forked_process_counts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    uses = SecretUses()
    uses.note("old", 1.0)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert not uses.counts()


def test_what_was_taken_is_saved_by_whoever_took_it_and_comes_back_if_it_was_not() -> None:
    uses = SecretUses()
    uses.note("old", 5.0)
    taken = uses.take()
    assert taken == {"old": Count(1, 5.0)}
    assert not uses.are_unsaved
    uses.note("old", 4.0)
    uses.give_back(taken)
    assert uses.take() == {"old": Count(2, 5.0)}
    assert uses.counts()["old"].count == 2, "and nothing of this counts twice here"
