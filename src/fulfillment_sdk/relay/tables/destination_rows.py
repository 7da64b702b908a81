"""A destination as a row, and back: its settings are sealed for its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.policy import RetryPolicy
from fulfillment_sdk.relay.values import Destination
from fulfillment_sdk.store.sealing import Sealer


def values_of(sealer: Sealer, destination: Destination, now: float) -> dict[str, Any]:
    """Return a new row's columns."""
    return {
        "name": destination.name,
        "created_at": now if destination.created_at is None else destination.created_at,
        "sink": destination.sink,
        "owner": destination.owner,
        "ordering": destination.ordering,
        "types": list(destination.types),
        "only": {name: list(values) for name, values in destination.only.items()},
        "policy": attrs.asdict(destination.policy),
        "settings": sealer.seal(
            json.dumps(dict(destination.settings)).encode(), settings_of(destination.name)
        ),
        "concurrency": destination.concurrency,
        "timeout": destination.timeout,
        "rate": destination.rate,
        "enabled": destination.enabled,
        "disabled_why": destination.disabled_why,
    }


def settings_of(name: str) -> str:
    """Return what a destination's settings are sealed for."""
    return f"relay_destinations.settings:{name}"


def read(sealer: Sealer, row: sa.Row[*tuple[Any, ...]]) -> Destination:
    """Return what a row says.

    Raises:
        StoreError: its settings can't be opened.
    """
    return Destination(
        row.name,
        row.sink,
        ordering=row.ordering,
        settings=json.loads(sealer.open(row.settings, settings_of(row.name))),
        types=row.types,
        only=row.only,
        owner=row.owner,
        policy=RetryPolicy(**row.policy),
        concurrency=row.concurrency,
        timeout=row.timeout,
        rate=row.rate,
        enabled=row.enabled,
        disabled_why=row.disabled_why,
        created_at=row.created_at,
    )


def read_only(settings: Mapping[str, object]) -> Mapping[str, object]:
    """Return settings that nobody can change, all the way down; their lists are tuples."""
    return MappingProxyType({name: _frozen(value) for name, value in settings.items()})


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return read_only(value)
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
