"""A server for tests ends with them, also where they were killed and could end nothing."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.testing.partner.server import joined, running

_TESTS = """
import signal, sys
from pathlib import Path
from fulfillment_sdk.testing.partner.server import running

with running(Path(sys.argv[1]), {}) as server:
    print(server.pid, flush=True)
    signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no pidfd_open")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_the_tests_however_they_end(how: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _TESTS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        pid = int(tests.stdout.readline())
        server = os.pidfd_open(pid)
        try:
            tests.send_signal(how)
            tests.wait(20)
            ended, _, _ = select.select([server], [], [], 20)
            if not ended:
                os.kill(pid, signal.SIGKILL)
        finally:
            os.close(server)

    assert ended


def test_a_test_behind_a_server_that_ended_learns_that_it_has(tmp_path: Path) -> None:
    with running(tmp_path, {}) as server:
        with joined(server):
            server.stop()  # and nothing is there to be removed

        ended = pytest.raises(FulfillmentError, match="The server for these tests has ended")
        with ended, joined(server):
            raise AssertionError
