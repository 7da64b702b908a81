"""Stored bytes are unreadable without their key, and tied to their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.store import Sealer

OLD = ("2024", b"o" * 32)
NEW = ("2025", b"n" * 32)


def test_what_is_sealed_opens_again() -> None:
    sealer = Sealer([NEW])

    assert sealer.open(sealer.seal(b"a story", "cases.body:1"), "cases.body:1") == b"a story"


def test_the_plaintext_is_not_in_the_sealed_bytes() -> None:
    assert b"a story" not in Sealer([NEW]).seal(b"a story", "cases.body:1")


def test_the_same_text_seals_differently_each_time() -> None:
    sealer = Sealer([NEW])

    assert sealer.seal(b"a story", "x") != sealer.seal(b"a story", "x")


def test_a_value_moved_to_another_place_does_not_open() -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(b"a story", "cases.body:1")

    with pytest.raises(StoreError, match="damaged"):
        sealer.open(sealed, "cases.body:2")


def test_a_retired_key_still_opens_and_the_newest_seals() -> None:
    sealed = Sealer([OLD]).seal(b"a story", "x")
    both = Sealer([NEW, OLD])

    assert both.open(sealed, "x") == b"a story"
    with pytest.raises(StoreError, match="No storage key"):
        Sealer([OLD]).open(both.seal(b"a story", "x"), "x")


@given(st.binary(max_size=80))
def test_any_bytes_whatever_end_in_a_store_error(sealed: bytes) -> None:
    with pytest.raises(StoreError):
        Sealer([NEW]).open(sealed, "x")


@given(st.integers(min_value=0, max_value=40), st.integers(min_value=1, max_value=255))
def test_a_flipped_byte_is_noticed(position: int, flip: int) -> None:
    sealer = Sealer([NEW])
    sealed = bytearray(sealer.seal(b"a story", "x"))
    sealed[position % len(sealed)] ^= flip

    with pytest.raises(StoreError):
        sealer.open(bytes(sealed), "x")


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [("short", b"x" * 31)],
        [("long", b"x" * 33)],
        [("", b"x" * 32)],
        [("a" * 65, b"x" * 32)],
        [("ü", b"x" * 32)],
        [NEW, NEW],
    ],
    ids=["none", "short", "long", "no id", "long id", "not ASCII", "twice"],
)
def test_unusable_keys_are_refused(keys: list[tuple[str, bytes]]) -> None:
    with pytest.raises(ConfigurationError):
        Sealer(keys)


def test_no_key_shows_in_a_repr() -> None:
    assert repr(Sealer([NEW, OLD])) == "<Sealer keys=['2025', '2024']>"


def test_a_new_key_has_32_bytes() -> None:
    assert len(Sealer.new_key()) == 32
