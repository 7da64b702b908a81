"""The sink passes the contract of sinks, with a real server that goes away and comes back."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager

import fulfillment_sink_nats
import pytest
from conftest import NatsServer
from fulfillment_sink_nats import NatsSettings, make_nats_sink
from fulfillment_sink_nats.sink import NatsSink

from fulfillment_sdk.plugins import Secret
from fulfillment_sdk.testing import SinkContract


class TestNatsSink(SinkContract):
    plugin = fulfillment_sink_nats

    @pytest.fixture(autouse=True)
    def _stream(self, server: NatsServer) -> None:
        self.server = server
        self.name = f"stream_{secrets.token_hex(4)}"

    def make_sink(self) -> NatsSink:
        servers = (Secret(self.server.url),)
        return make_nats_sink(
            NatsSettings(servers=servers, stream=self.name, subject=self.name.replace("_", "."))
        )

    async def peer_received(self) -> list[str]:
        found = await self.server.messages(self.name)
        return [headers["Nats-Msg-Id"] for _, headers, _ in found]

    def peer_away(self) -> AbstractContextManager[None]:
        return self.server.away()
