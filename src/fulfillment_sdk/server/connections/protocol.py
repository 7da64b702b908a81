"""The HTTP protocol a server speaks with: uvicorn's, with bounds on what a peer may do to it."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import cast

from fulfillment_sdk.server.connections.guarded import Guarded
from fulfillment_sdk.server.connections.patience import USUAL, Patience
from fulfillment_sdk.server.connections.places import Places


def http_protocol(patience: Patience = USUAL) -> type[asyncio.Protocol]:
    """Return the fastest protocol that is installed, for the connections of one server."""
    base = _h11() if find_spec("httptools") is None else _httptools()
    of_one_server = {
        "patience": patience,
        "places": Places(patience),
        "guarded": set(),
        "looking": [],
    }
    return cast(type[asyncio.Protocol], type("Protocol", (base,), of_one_server))


def _h11() -> type[Guarded]:
    from fulfillment_sdk.server.connections.bounded_h11 import BoundedH11

    return BoundedH11


def _httptools() -> type[Guarded]:
    from fulfillment_sdk.server.connections.bounded_httptools import BoundedHttpTools

    return BoundedHttpTools
