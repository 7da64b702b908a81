"""Places for connections: so many in all, and so many for one address."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Final, Literal

from fulfillment_sdk.server.connections.patience import Patience
from fulfillment_sdk.server.windows import network_of

Place = Literal["given", "full", "none"]
"""A connection is served, is told that there is no place, or is not even told that."""

LINGERING: Final = 64
"""So many more connections than allowed may be refused at a time; others are cut off."""

_OF_ONE_LINGERING: Final = 8


class Places:
    """The places of one server. Who takes one, whatever comes of it, gives it back at the end."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._spared = [ipaddress.ip_network(network) for network in patience.spared]
        self._of_one: Counter[str] = Counter()
        self._taken = 0

    def take(self, host: str) -> Place:
        """Count a connection that comes from an address, and say what is to become of it."""
        whose, most = network_of(host), self._patience.of_one
        self._taken += 1
        self._of_one[whose] += 1
        over = self._taken - self._patience.connections
        over_of_one = 0 if self._is_spared(host) else self._of_one[whose] - most
        if over > LINGERING or over_of_one > _OF_ONE_LINGERING:
            return "none"
        return "full" if over > 0 or over_of_one > 0 else "given"

    def give_back(self, host: str) -> None:
        """Count the end of a connection that ``take`` was asked about."""
        whose = network_of(host)
        self._taken -= 1
        self._of_one[whose] -= 1
        if not self._of_one[whose]:
            del self._of_one[whose]

    def __len__(self) -> int:
        return self._taken

    def _is_spared(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._spared)
