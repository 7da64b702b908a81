"""Durable storage under every hop: group-committed writes, sealed bytes, migrations.

`Store.write(fn)` is the only way in and `Store.read(fn)` the only way out, so that the rooms above
never hold a connection of their own.
"""

from __future__ import annotations

from fulfillment_sdk.store.future import StoreFuture
from fulfillment_sdk.store.migrations import Schema
from fulfillment_sdk.store.sealing import Sealer
from fulfillment_sdk.store.store import Store

__all__ = ["Schema", "Sealer", "Store", "StoreFuture"]
