"""What every part of a running portal works with: store, relay, clock, ids."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

import attrs
import sqlalchemy as sa

from fulfillment_sdk import strictjson
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.server.heavy import Heavy
from fulfillment_sdk.server.portal.files.disk import Disk
from fulfillment_sdk.server.portal.schema import COUNTERS
from fulfillment_sdk.store import Store
from fulfillment_sdk.store.prepared import Prepared

Ids = Callable[[str], str]
"""Makes an id of a kind: given ``"evt"`` it returns ``evt_…``, never the same twice."""


def new_id(prefix: str) -> str:
    """Return a random id such as ``case_5f2b…`` (80 random bits)."""
    return f"{prefix}_{secrets.token_hex(10)}"


def new_token() -> str:
    """Return a staff member's token: 256 random bits."""
    return "staff_" + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored of a token; a plain hash suffices for 256 random bits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


@attrs.frozen(kw_only=True)
class Desk:
    """A portal's store and relay, and what is handed in: clock (epoch seconds), ids, tokens.

    ``public_url`` is the gateway's address as partners see it; timeouts are seconds. ``heavy`` runs
    what keeps a core busy, ``disk`` says whether there is room for files.
    """

    store: Store
    relay: Relay
    clock: Callable[[], float]
    ids: Ids
    tokens: Callable[[], str] = new_token
    public_url: str
    acceptance_timeout: float
    rework_timeout: float
    heavy: Heavy = attrs.field(factory=Heavy)
    disk: Disk = attrs.field(factory=Disk)

    def seal(self, value: object, context: str) -> bytes:
        """Return a JSON value sealed for ``context`` (``table.column:id``)."""
        return self.store.sealer.seal(strictjson.dumps(value), context)

    def unseal(self, sealed: bytes, context: str) -> object:
        """Return the JSON value that was sealed for ``context``; ``StoreError`` if it was not."""
        return strictjson.parse(self.store.sealer.open(sealed, context))


def next_number(connection: sa.Connection, counter: str) -> int:
    """Count ``counter`` up under its row's lock; a rolled back transaction leaves a gap or none."""
    ((value,),) = _COUNT.run(connection, counter=counter)
    return int(value)


_COUNT = Prepared(
    lambda _: (
        sa.update(COUNTERS)
        .where(COUNTERS.c.name == sa.bindparam("counter"))
        .values(value=COUNTERS.c.value + 1)
        .returning(COUNTERS.c.value)
    )
)
