from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fulfillment_sdk import (
    ConfigurationError,
    EnvTokens,
    MemoryTokens,
    StoreUnavailable,
    TokenStore,
)
from fulfillment_sdk.client.tokens.bearer import Bearer, Held
from tests.unit.client.tokens.support import DAY, NOW, token


def held(text: str) -> Held:
    found = Held.of(text)
    assert found is not None
    return found


class Locked(MemoryTokens):
    """A store that can't be read or written just now."""

    locked = False

    def load(self) -> str | None:
        self._refuse()
        return super().load()

    def save(self, token: str) -> None:
        self._refuse()
        super().save(token)

    def _refuse(self) -> None:
        if self.locked:
            raise StoreUnavailable("locked")


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_blank_token_is_none(text: str | None) -> None:
    assert Bearer.of(text).current() is None


def test_what_a_store_keeps_is_looked_at() -> None:
    with pytest.raises(ConfigurationError, match="characters that no token has"):
        Bearer(MemoryTokens("two words"))


def test_a_token_that_comes_into_the_store_later_is_found() -> None:
    store = MemoryTokens()
    bearer = Bearer(store)
    assert bearer.current() is None
    store.save("t0ken")
    assert bearer.known is None
    assert bearer.current() == held("t0ken")
    assert bearer.known == held("t0ken")


def test_a_new_token_is_used_and_kept() -> None:
    store = MemoryTokens("old")
    bearer = Bearer(store)
    bearer.take("new")
    assert bearer.current() == held("new")
    assert store.token == "new"


def test_a_new_token_is_used_also_where_it_cannot_be_kept() -> None:
    store = Locked("old")
    bearer = Bearer(store)
    store.locked = True
    with pytest.raises(StoreUnavailable):
        bearer.take("new")
    assert bearer.current() == held("new")


def test_only_the_token_that_was_revoked_is_forgotten() -> None:
    store = MemoryTokens("old")
    bearer = Bearer(store)
    bearer.take("new")
    bearer.forget(held("old"))
    assert (bearer.known, store.token) == (held("new"), "new")
    bearer.forget(held("new"))
    assert (bearer.known, store.token) == (None, None)


def test_a_token_that_another_client_has_put_into_the_store_stays_there() -> None:
    store = MemoryTokens("old")
    bearer = Bearer(store)
    store.token = "another"
    bearer.forget(held("old"))
    assert store.token == "another"
    assert bearer.current() == held("another")


def test_a_store_that_can_compare_for_itself_is_left_to_do_so() -> None:
    class Comparing(MemoryTokens):
        discarded = ""

        def discard(self, token: str) -> None:
            self.discarded = token

    store = Comparing("old")
    Bearer(store).forget(held("old"))
    assert (store.discarded, store.token) == ("old", "old")


class Plain:
    """A stranger's store, with what every store has."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def load(self) -> str | None:
        return self.token

    def save(self, token: str) -> None:
        self.token = token

    def clear(self) -> None:
        self.token = None


@pytest.mark.parametrize("make", [Plain, MemoryTokens, lambda kept: EnvTokens("T", environ=kept)])
@pytest.mark.parametrize(("kept", "left"), [("old\n", None), ("newer", "newer")])
def test_every_store_forgets_a_token_only_while_it_is_the_one(
    make: Callable[[Any], TokenStore], kept: str, left: str | None
) -> None:
    store = make({"T": kept} if make not in {Plain, MemoryTokens} else kept)
    Bearer(store).forget(held("old"))
    assert store.load() == left


@pytest.mark.parametrize("given", [5, b"t0ken", ["t0ken"]])
def test_what_is_no_text_is_no_token(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="characters that no token has") as raised:
        Bearer.of(given)
    assert "t0ken" not in str(raised.value)


def test_a_token_is_forgotten_also_where_the_store_keeps_something_else_by_now() -> None:
    store = MemoryTokens("old")
    bearer = Bearer(store)
    store.token = "no token at all"
    bearer.forget(held("old"))
    assert bearer.known is None
    assert store.token == "no token at all"


def test_what_has_taken_the_place_of_a_token_is_used_by_all() -> None:
    old, new = token(ends=NOW - 1), token()
    store = MemoryTokens(old)
    bearer = Bearer(store)
    assert bearer.renewal(held(old)) is None
    store.token = new
    assert bearer.renewal(held(old)) == held(new)
    assert bearer.known == held(new)
    assert bearer.renewal(held(old)) == held(new)  # for whoever still had the old one


def test_what_acts_for_another_organization_is_for_the_next_call() -> None:
    old, new = token(ends=NOW - 1), token(organization="org-2")
    store = MemoryTokens(old)
    bearer = Bearer(store)
    store.token = new
    assert bearer.renewal(held(old)) is None
    assert bearer.known == held(new)


def test_tokens_that_say_nothing_act_for_nobody_knows_whom() -> None:
    store = MemoryTokens("old")
    bearer = Bearer(store)
    store.token = "new"
    assert bearer.renewal(held("old")) is None
    assert bearer.known == held("new")


def test_a_store_that_cannot_be_read_renews_nothing() -> None:
    store = Locked("old")
    bearer = Bearer(store)
    store.locked = True
    assert bearer.renewal(held("old")) is None
    assert bearer.known == held("old")


def test_a_token_that_was_taken_out_of_the_store_is_used_till_it_is_refused() -> None:
    store = MemoryTokens("old")
    bearer = Bearer(store)
    store.token = None
    assert bearer.renewal(held("old")) is None
    assert bearer.known == held("old")


def test_a_near_end_is_told_once_a_day_and_anew_for_a_new_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    end = NOW + 10 * DAY
    bearer = Bearer.of(token(ends=end))
    told = []
    for seconds in (0, 5, DAY - 1, DAY, DAY + 5, 2 * DAY):
        caplog.clear()
        bearer.watch(held(token(ends=end)), NOW + seconds)
        told.append([record.getMessage() for record in caplog.records])
    ends = "at 2025-04-15T10:30:02Z. Obtain a new one through the verification process."
    first, second, third = (f"The client's token ends in {n} days, {ends}" for n in (10, 9, 8))
    assert told == [[first], [], [], [second], [], [third]]
    bearer.take(token(ends=end, organization="org-2"))
    bearer.watch(held(token(ends=end)), NOW + 2 * DAY + 1)
    assert len(caplog.records) == 2
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert {record.name for record in caplog.records} == {"fulfillment_sdk.client"}


def test_many_threads_are_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    bearer = Bearer.of(token(ends=NOW + DAY))
    mine = bearer.known
    assert mine is not None
    ready = threading.Barrier(8)

    def look() -> None:
        ready.wait(10)
        bearer.watch(mine, NOW)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(caplog.records) == 1


def test_no_token_shows(caplog: pytest.LogCaptureFixture) -> None:
    text = token(ends=NOW + DAY)
    bearer = Bearer.of(text)
    bearer.watch(held(text), NOW)
    assert text not in repr(bearer) + repr(held(text)) + caplog.text
