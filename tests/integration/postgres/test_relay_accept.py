"""Accepting, and destinations, on PostgreSQL: the same promises."""

from __future__ import annotations

from tests.integration.postgres.relay_store import store
from tests.unit.relay.tables.test_accept_batch import *  # noqa: F403
from tests.unit.relay.tables.test_registry import *  # noqa: F403

__all__ = ["store"]
