"""What a token store is, and the one that forgets with the process."""

from __future__ import annotations

from typing import Protocol

import attrs


class TokenStore(Protocol):
    """Keeps the token of one organization at one gateway.

    A client reads it when it is made, when it has no token, and when its own has ended or is
    refused, so that clients with one store follow each other. Any thread may call.
    """

    def load(self) -> str | None:
        """The token, None where there is none.

        Raises ConfigurationError for a place that is not safe or not usable, StoreUnavailable for
        one that can't be read just now.
        """

    def save(self, token: str) -> None:
        """Keep `token` in place of any other, whole or not at all; raises as `load` does."""

    def clear(self) -> None:
        """Forget the token, if there is one; raises as `load` does."""


@attrs.define
class MemoryTokens:
    """The store of `Client(token=…)`: the token lives as long as this object."""

    token: str | None = attrs.field(default=None, repr=False)

    def load(self) -> str | None:
        """The token, None where there is none."""
        return self.token

    def save(self, token: str) -> None:
        """Keep `token` instead."""
        self.token = token

    def clear(self) -> None:
        """Forget the token."""
        self.token = None
