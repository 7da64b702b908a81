"""The store keeps its promises on PostgreSQL too: the same tests, on another database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment_sdk.store import Sealer, Store
from tests.unit.store.conftest import NOTES
from tests.unit.store.test_listening import *  # noqa: F403
from tests.unit.store.test_write_each import *  # noqa: F403
from tests.unit.store.test_writes import *  # noqa: F403


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def store(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    # With one writer, as on SQLite, what piles up is surely one commit.
    monkeypatch.setattr("fulfillment_sdk.store.process.SERVER_WRITERS", 1)
    with Store.open(url, schemas=[NOTES], sealer=Sealer([("k", b"k" * 32)])) as opened:
        yield opened
