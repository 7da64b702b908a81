"""Mocked HTTP for the client's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses

from tests.unit.client.support import Time


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    """Answers in the order in which they were added, each of them used."""
    registry = responses.registries.OrderedRegistry
    with responses.RequestsMock(registry=registry, assert_all_requests_are_fired=True) as mocked:
        yield mocked


@pytest.fixture
def time() -> Time:
    return Time()
