"""The token that a client's calls carry, and its standing with the store that keeps it."""

from __future__ import annotations

import logging
import math
import threading
from datetime import datetime
from typing import Final, Self

import attrs

from fulfillment_sdk.client import address
from fulfillment_sdk.client.tokens.claims import TokenClaims, read_claims
from fulfillment_sdk.client.tokens.expiry import remaining, wants_warning
from fulfillment_sdk.client.tokens.store import MemoryTokens, TokenStore, discard
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.times import format_seconds

HINT: Final = "Obtain a new one through the verification process."

logger = logging.getLogger("fulfillment_sdk.client")


@attrs.frozen
class Held:
    """A token with what it says of itself; `ends` is in epoch seconds, infinite if unknown."""

    token: str = attrs.field(repr=False)
    claims: TokenClaims | None
    ends: float

    @classmethod
    def of(cls, token: str | None) -> Self | None:
        """A token as it was given or kept, None for a blank one.

        Raises ConfigurationError for what can't be one.
        """
        plain = address.token(token)
        if plain is None:
            return None
        claims = read_claims(plain)
        expires_at = None if claims is None else claims.expires_at
        return cls(plain, claims, math.inf if expires_at is None else expires_at.timestamp())

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, as far as it says."""
        return None if self.claims is None else self.claims.expires_at

    def acts_like(self, other: Held) -> bool:
        """Whether both say that they act for the same organization."""
        mine = self.claims and self.claims.organization_id
        theirs = other.claims and other.claims.organization_id
        return mine is not None and mine == theirs


class Bearer:
    """The token of a client, and of those that were made of it, for any number of threads."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._held = Held.of(store.load())
        self._changing = threading.Lock()
        self._warning = threading.Lock()
        self._warned: float | None = None

    @classmethod
    def of(cls, token: str | None) -> Self:
        """The bearer of a token that is kept nowhere else."""
        return cls(MemoryTokens(token))

    @property
    def known(self) -> Held | None:
        """What the client has, without a look into the store."""
        return self._held

    def current(self) -> Held | None:
        """What a call is to carry; the store is asked where the client has none."""
        held = self._held
        if held is None:
            with self._changing:
                held = self._held = self._held or Held.of(self._store.load())
        return held

    def take(self, token: str) -> None:
        """Use `token` from now on, and have it kept; it is in use also if that fails.

        Raises what the store raises, and ConfigurationError for what is no token.
        """
        held = Held.of(token)
        if held is None:
            return
        with self._changing:
            self._held, self._warned = held, None
            self._store.save(held.token)

    def forget(self, held: Held) -> None:
        """Forget this token, here and in the store, and no other that has taken its place."""
        with self._changing:
            if self._held is not None and self._held.token == held.token:
                self._held = None
            discard(self._store, held.token)

    def renewal(self, held: Held) -> Held | None:
        """What has taken the place of a token that is worth nothing any more, if anything has.

        From then on the client uses what the store keeps. None where that acts for another
        organization: the same call would be another one there.
        """
        with self._changing:
            if self._held is None or self._held.token == held.token:
                try:
                    kept = Held.of(self._store.load())
                except FulfillmentError:
                    return None  # the refusal says more
                if kept is not None and kept.token != held.token:
                    self._held, self._warned = kept, None
            now = self._held
        if now is None or now.token == held.token or not now.acts_like(held):
            return None
        return now

    def watch(self, held: Held, now: float) -> None:
        """Warn, once a day, that a token is about to end; `now` is in epoch seconds."""
        if not wants_warning(held.ends, now, warned=self._warned):
            return
        with self._warning:
            if not wants_warning(held.ends, now, warned=self._warned):
                return  # another thread has
            self._warned = now
        logger.warning(
            "The client's token ends in %s, at %s. %s",
            remaining(held.ends, now), format_seconds(held.ends), HINT,
        )  # fmt: skip
