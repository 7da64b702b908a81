"""A relay's tables on a PostgreSQL database of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment_sdk.relay import SCHEMA
from fulfillment_sdk.store import Sealer, Store
from tests.unit.relay.by_hand import NOW


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(postgres_url, schemas=[SCHEMA], sealer=sealer, clock=lambda: NOW) as opened:
        yield opened
