"""Which HTTP protocol a server speaks with."""

from __future__ import annotations

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol

from fulfillment_sdk.server import protocol


def test_without_httptools_it_is_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "find_spec", lambda _name: None)
    assert protocol.http_protocol() is H11Protocol


def test_with_httptools_it_is_a_bounded_one() -> None:
    httptools_impl = pytest.importorskip("uvicorn.protocols.http.httptools_impl")
    chosen = protocol.http_protocol()
    assert issubclass(chosen, httptools_impl.HttpToolsProtocol)
    assert chosen is not httptools_impl.HttpToolsProtocol
