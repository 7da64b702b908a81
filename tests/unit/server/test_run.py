"""Running a server: what it allows itself."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from attrs import evolve

from fulfillment_sdk.server.connections.patience import USUAL
from fulfillment_sdk.server.run import most_connections, patience_for
from tests.integration.gateway.parts import make_settings


@pytest.mark.parametrize(
    ("files", "connections"),
    [(1024, 512), (100_000, USUAL.connections), (1, 1), (resource.RLIM_INFINITY, 1000)],
)
def test_half_of_the_files_that_a_process_may_open_are_for_its_clients(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (files, files))
    assert most_connections() == connections


def test_one_address_has_a_quarter_of_them_but_a_trusted_proxy_and_the_gateways_at_a_portal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1000, 1000))
    settings = evolve(make_settings(Path("nowhere")), trusted_proxies=("10.0.0.10/32",))
    gateway = patience_for(settings)
    assert (gateway.connections, gateway.of_one) == (500, 125)
    assert gateway.spared == (*USUAL.spared, "10.0.0.10/32")
    assert patience_for(evolve(settings, role="portal")).of_one == 500
