"""A resolver that knows what a test tells it, and asks no name server."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import attrs
from aiohttp.abc import AbstractResolver, ResolveResult

from fulfillment_sdk.plugins.webhooks.resolver import numeric


@attrs.define(eq=False)
class ToldNames(AbstractResolver):
    """Names stand for what they were told to; addresses for themselves in any spelling."""

    names: dict[str, list[Sequence[str]]] = attrs.field(factory=dict)

    def tell(self, name: str, *answers: Sequence[str]) -> None:
        """Have a name stand for these addresses: the first ones, then the next, and so on."""
        self.names[name] = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = self.names.get(host, [[host]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [one for address in found for one in numeric(address, port, family)]

    async def close(self) -> None:
        """Keep the names: one resolver serves several sinks here."""
