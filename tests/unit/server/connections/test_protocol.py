"""Which HTTP protocol a server speaks with."""

from __future__ import annotations

import json

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol

from fulfillment_sdk.server.connections import protocol
from fulfillment_sdk.server.connections.guarded import Guarded, refusal


def test_without_httptools_it_is_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "find_spec", lambda _name: None)
    chosen = protocol.http_protocol()
    assert issubclass(chosen, H11Protocol)
    assert issubclass(chosen, Guarded)


def test_with_httptools_it_is_that() -> None:
    httptools_impl = pytest.importorskip("uvicorn.protocols.http.httptools_impl")
    chosen = protocol.http_protocol()
    assert issubclass(chosen, httptools_impl.HttpToolsProtocol)
    assert issubclass(chosen, Guarded)


def test_servers_do_not_count_each_others_connections() -> None:
    one, other = protocol.http_protocol(), protocol.http_protocol()
    assert issubclass(one, Guarded)
    assert issubclass(other, Guarded)
    assert one.guarded is not other.guarded


@pytest.mark.parametrize("why", ["malformed", "slow", "long", "full"])
def test_a_refusal_is_a_whole_answer_in_json(why: str) -> None:
    head, _, body = refusal(why).partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0].startswith(b"http/1.1 ")
    assert f"content-length: {len(body)}".encode() in lines
    assert b"connection: close" in lines
    assert b"x-content-type-options: nosniff" in lines
    assert b"cache-control: no-store" in lines
    assert any(line.startswith(b"x-request-id: req_") for line in lines)
    assert list(json.loads(body)) == ["error"]
