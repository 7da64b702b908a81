"""Unit tests open no network connection."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    """Let pytest-socket refuse every socket but a local one, which an event loop needs."""
