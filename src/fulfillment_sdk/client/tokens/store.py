"""What a token store is, and the one that forgets with the process."""

from __future__ import annotations

import threading
from typing import Final, Protocol, runtime_checkable

import attrs

# Held for the time of a comparison.
COMPARING: Final = threading.Lock()


class TokenStore(Protocol):
    """Keeps the token of one organization at one gateway.

    A client reads it when it is made, when it has no token, and when its own has ended or is
    refused, so that clients with one store follow each other. Any thread may call.

    A store that several processes share may also have `discard(token)`, which forgets that token
    and no other. Without it the client looks with `load` and calls `clear`: what is saved in
    between is forgotten too.
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


@runtime_checkable
class Discarding(Protocol):
    """What a token store may have besides."""

    def discard(self, token: str) -> None:
        """Forget `token`, and no other that has taken its place; raises as `load` does."""


def discard(store: TokenStore, token: str) -> None:
    """Have a store forget `token`, and no other that has taken its place, as far as it can."""
    if isinstance(store, Discarding):
        store.discard(token)
    elif (store.load() or "").strip() == token:
        store.clear()


@attrs.define
class MemoryTokens:
    """The store of `Client(token=…)`: the token lives as long as this object."""

    token: str | None = attrs.field(default=None, repr=False)

    def load(self) -> str | None:
        """The token, None where there is none."""
        return self.token

    def save(self, token: str) -> None:
        """Keep `token` instead."""
        with COMPARING:
            self.token = token

    def clear(self) -> None:
        """Forget the token."""
        self.token = None

    def discard(self, token: str) -> None:
        """Forget the token if it is this one."""
        with COMPARING:
            if (self.token or "").strip() == token:
                self.token = None
