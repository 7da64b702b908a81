"""`python -m fulfillment_sdk`, for as long as whoever started it is there.

Its standard input is a pipe to which nobody writes. The system closes it with the process at the
other end, also where that was killed and could end nothing itself.
"""

from __future__ import annotations

import os
import runpy
import signal
import threading


def end_with(descriptor: int) -> None:
    """Wait until a pipe is closed at its other end, and end this process as a SIGTERM does."""
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(0,), name="tether", daemon=True).start()
    runpy.run_module("fulfillment_sdk", run_name="__main__", alter_sys=True)
