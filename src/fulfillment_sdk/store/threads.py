"""Threads, of which a process may have none left: somebody else in it leaks them, say."""

from __future__ import annotations

import threading
from collections.abc import Callable


def begin(work: Callable[[], None], name: str) -> threading.Thread | None:
    """Start a thread that keeps no process from ending; None if there is none to be had."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
