"""The socket a server listens on: known port, and refusals that say who is there already."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.connections.listening import bind


def test_port_0_takes_a_free_port_and_answers_connections_at_once() -> None:
    with bind("127.0.0.1", 0) as listener:
        with socket.create_connection(listener.getsockname()) as connection:
            assert connection.getpeername() == listener.getsockname()
        assert listener.getsockname()[1] > 0


def test_a_taken_port_is_an_error_that_names_the_process() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1") as refused:
            bind("127.0.0.1", port)
    if sys.platform == "linux":
        assert f"process {os.getpid()}" in refused.value.message


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "a" * 300])
def test_an_address_of_another_machine_is_an_error(host: str) -> None:
    with pytest.raises(ConfigurationError, match="listen on"):
        bind(host, 0)


def test_a_port_for_the_privileged_is_an_error_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_socket: socket.socket, _address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", denied)
    with pytest.raises(ConfigurationError, match="more rights"):
        bind("127.0.0.1", 80)
