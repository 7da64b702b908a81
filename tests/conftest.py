"""What every test stands on: an environment of its own."""

from __future__ import annotations

import os
import signal

import pytest

PREFIX = "FULFILLMENT_"
FOR_THE_SUITE = "FULFILLMENT_TEST_"

# Started in the background (as with nohup), it would hand on that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a third of all the time, tests wait for others."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def _settings_of_the_developer_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting that happens to be in the environment changes what a test sees."""
    for name in list(os.environ):
        if name.startswith(PREFIX) and not name.startswith(FOR_THE_SUITE):
            monkeypatch.delenv(name)
