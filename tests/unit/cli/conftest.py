"""Commands that run in this process set up logging: afterwards it is as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("fulfillment_sdk")
    handlers, level = list(root.handlers), ours.level
    yield
    ours.setLevel(level)
    for handler in set(root.handlers).difference(handlers):
        root.removeHandler(handler)
