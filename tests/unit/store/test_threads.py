"""A process that has no thread left, and then has some again."""

from __future__ import annotations

import threading

import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.store import Store
from tests.unit.store.conftest import texts
from tests.unit.store.notes import add


def test_who_finds_no_thread_to_read_in_is_told_and_reads_when_there_is_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(lambda c: add(c, "note")).result()

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as none_left:
        none_left.setattr(threading.Thread, "start", start)
        for _ in range(20):
            with pytest.raises(StoreUnavailable, match="no thread is free"):
                store.read(lambda c: None).result()

    assert texts(store) == ["note"]
