"""What the gateway's endpoints work with: settings, store, relay, mailer, the portal's address."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Awaitable, Callable

from attrs import define, field

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.gateway.events.watch import FeedWatch
from fulfillment_sdk.server.gateway.identity.digests import Digests
from fulfillment_sdk.server.gateway.identity.registration import Rules
from fulfillment_sdk.server.gateway.identity.tokens import TokenKeys
from fulfillment_sdk.server.gateway.mail.mailer import Mailbox, Mailer
from fulfillment_sdk.server.gateway.traffic import Traffic
from fulfillment_sdk.server.gateway.upstream import PortalClient
from fulfillment_sdk.server.observability.pulse import Pulse
from fulfillment_sdk.server.windows import Windows
from fulfillment_sdk.store import Store

Ids = Callable[[str], str]
"""Makes an id with a prefix: ``ids("sub")`` is ``sub_…``; ``ids("")`` is a UUID."""


def new_id(prefix: str) -> str:
    """Make an id that nobody can guess: ``prefix_`` and 24 hex digits, or else a UUID."""
    return f"{prefix}_{secrets.token_hex(12)}" if prefix else str(uuid.uuid4())


def new_code() -> str:
    """Make a one-time code of six digits from a cryptographic source (contract, section 1)."""
    return f"{secrets.randbelow(1_000_000):06d}"


@define
class Live:
    """What exists only between the gateway's start and its end."""

    store: Store
    relay: Relay
    portal: PortalClient
    pulse: Pulse
    feed_watch: FeedWatch
    disabled: asyncio.Event = field(factory=asyncio.Event)
    """Set once a subscription was disabled: its owner is to be told."""


@define(kw_only=True)
class Context:
    """One gateway's parts; ``live`` is there while it runs.

    ``name`` is this gateway's among those on its database.
    """

    settings: Settings
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    ids: Ids
    codes: Callable[[], str]
    rules: Rules
    token_keys: TokenKeys
    digests: Digests
    mailer: Mailer
    mailbox: Mailbox | None
    case_limit: Windows
    traffic: Traffic
    legacy_limit: Windows
    live: Live | None = field(default=None)
    name: str = field(factory=lambda: new_id("gateway"))

    @property
    def store(self) -> Store:
        """The store; raises ``StoreUnavailable`` while the gateway is not running."""
        return self._live().store

    @property
    def relay(self) -> Relay:
        """The relay; raises ``StoreUnavailable`` while the gateway is not running."""
        return self._live().relay

    @property
    def feed_watch(self) -> FeedWatch:
        """The feed's watch; raises ``StoreUnavailable`` while the gateway is not running."""
        return self._live().feed_watch

    @property
    def portal(self) -> PortalClient:
        """The portal's client; raises ``StoreUnavailable`` while the gateway is not running."""
        return self._live().portal

    @property
    def disabled(self) -> asyncio.Event:
        """What wakes who tells of it; raises ``StoreUnavailable`` while it is not running."""
        return self._live().disabled

    def _live(self) -> Live:
        if self.live is None:
            raise StoreUnavailable("The gateway is not running")
        return self.live
