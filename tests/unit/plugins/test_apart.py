"""Several strangers are tried at once, and none holds up another."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

import pytest

from fulfillment_sdk.plugins.apart import Apart, try_apart


def apart(does: Callable[[], object], *, seconds: float = 20.0) -> Apart[str]:
    async def run() -> str:
        done = does()
        if isinstance(done, Awaitable):
            await done
        return "done"

    return Apart(run, seconds, "left behind")


def test_what_came_of_each_is_told_in_their_order() -> None:
    met = threading.Barrier(3)
    assert try_apart([apart(lambda: met.wait(20)) for _ in range(3)]) == ["done"] * 3
    assert try_apart([]) == []


def test_one_that_blocks_its_loop_is_left_behind() -> None:
    freed = threading.Event()
    try:
        told = try_apart([apart(lambda: freed.wait(20), seconds=0.1), apart(lambda: None)])
    finally:
        freed.set()
    assert told == ["left behind", "done"]


@pytest.mark.parametrize("error", [ValueError("hush"), SystemExit("hush"), KeyboardInterrupt()])
def test_one_that_ends_its_thread_ends_no_other(
    error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    assert try_apart([apart(fail), apart(lambda: None)]) == ["left behind", "done"]
    assert "hush" not in "".join(capfd.readouterr())
