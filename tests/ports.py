"""Ports for servers whose address must be known before they begin."""

from __future__ import annotations

import itertools
import os
import socket
from typing import Final

FIRST: Final = 20_000
EACH: Final = 3_000
"""Ports of one of the suite's processes, of which there are four at most. All are below those that
a system gives to whoever names none: nobody gets one of them by chance before its server begins."""

_tried = itertools.count(os.getpid())


def free_port() -> int:
    """Return a port of 127.0.0.1 where nobody listens, and that is returned once."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    for _ in range(EACH):
        port = FIRST + worker * EACH + next(_tried) % EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")
