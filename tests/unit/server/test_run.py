"""Running a server: what it allows itself."""

from __future__ import annotations

import resource

import pytest

from fulfillment_sdk.server.patience import USUAL
from fulfillment_sdk.server.run import most_connections


@pytest.mark.parametrize(
    ("files", "connections"),
    [(1024, 512), (100_000, USUAL.connections), (1, 1), (resource.RLIM_INFINITY, 1000)],
)
def test_half_of_the_files_that_a_process_may_open_are_for_its_clients(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (files, files))
    assert most_connections() == connections
