"""How many files this process may open, raised as far as its administrator lets it."""

from __future__ import annotations

import errno
import os
import resource

import pytest

from fulfillment_sdk.relay.dispatching import descriptors


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Stand for the process's limits, the newest last."""
    set_so_far = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: set_so_far[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, to: set_so_far.append(to))
    return set_so_far


def test_the_limit_is_raised_to_the_hard_one(limits: list[tuple[int, int]]) -> None:
    assert descriptors.limit() == 1024
    descriptors.raise_limit()
    assert limits[-1] == (4096, 4096)
    assert descriptors.limit() == 4096

    descriptors.raise_limit()
    assert len(limits) == 2


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.EPERM, "no")])
def test_where_it_cannot_be_raised_it_stays(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuses(_kind: int, _to: tuple[int, int]) -> None:
        raise error

    monkeypatch.setattr(resource, "setrlimit", refuses)
    descriptors.raise_limit()
    assert limits == [(1024, 4096)]


def test_no_limit_is_a_large_one(limits: list[tuple[int, int]]) -> None:
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert descriptors.limit() > 10**9


def test_a_file_that_cannot_be_opened_for_want_of_a_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert descriptors.one_is_free()

    def fails(_path: str, _flags: int) -> int:
        raise OSError(errno.EMFILE, "no")

    monkeypatch.setattr(os, "open", fails)
    assert not descriptors.one_is_free()


def test_only_two_causes_are_ours() -> None:
    assert descriptors.none_left(OSError(errno.ENFILE, ""))
    assert descriptors.none_left(OSError(errno.EMFILE, ""))
    assert not descriptors.none_left(OSError(errno.ECONNREFUSED, ""))
    assert not descriptors.none_left(ValueError())
