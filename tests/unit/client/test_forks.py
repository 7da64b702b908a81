"""A client of a process that has forked since."""

from __future__ import annotations

import os

import pytest

from fulfillment_sdk.client.forks import Forks


def test_a_child_leaves_its_parents_connections_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    forks = Forks(lambda: left.append(os.getpid()))
    forks.check()
    assert left == []
    monkeypatch.setattr(os, "getpid", lambda: 4711)
    forks.check()
    forks.check()
    assert left == [4711]


def test_what_could_not_be_left_is_not_taken_for_left(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = iter([KeyboardInterrupt, None])

    def leave() -> None:
        if (error := next(tries)) is not None:
            raise error

    forks = Forks(leave)
    monkeypatch.setattr(os, "getpid", lambda: 4711)
    with pytest.raises(KeyboardInterrupt):
        forks.check()
    forks.check()
    assert next(tries, "tried twice") == "tried twice"
