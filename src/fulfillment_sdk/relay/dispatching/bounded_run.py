"""Running a loop that ends: what does not let itself be ended is left behind, and named."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

LAST_SECONDS = 2.0  # for what is still there when the main coroutine is through

log = logging.getLogger("fulfillment_sdk.relay")


def run(
    main: Coroutine[Any, Any, T],
    *,
    make_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
    patience: float = LAST_SECONDS,
) -> T:
    """Run a coroutine in a loop of its own, and return what it returns.

    As `asyncio.run`, but for three things: tasks and threads that go on when it is through get
    `patience` seconds each, since a sink may swallow every cancellation; a task of a sink's own
    that exits ends nothing but itself; and Ctrl-C is left to whoever handles signals.

    Args:
        main: what to run.
        make_loop: makes the loop; by default the standard one.
        patience: seconds.
    """
    loop = (make_loop or asyncio.new_event_loop)()
    threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
    loop.set_default_executor(threads)
    try:
        return _see_through(loop, loop.create_task(main))
    finally:
        try:
            _see_through(loop, loop.create_task(_end_tasks(patience)))
            _end_threads(threads, patience)
        finally:
            loop.close()


def _see_through(loop: asyncio.AbstractEventLoop, main: asyncio.Task[T]) -> T:
    """Run the loop until `main` is done, though somebody else's task or callback wants an exit."""
    while not main.done():
        try:
            loop.run_until_complete(main)
        except (SystemExit, KeyboardInterrupt) as error:
            if _is_ctrl_c(error):
                raise
            if not main.done():
                log.error("%s raised beside all others, which go on", type(error).__name__)
    return main.result()


def _is_ctrl_c(error: BaseException) -> bool:
    here = threading.current_thread() is threading.main_thread()
    unhandled = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, KeyboardInterrupt) and here and unhandled


async def _end_tasks(patience: float) -> None:
    loop = asyncio.get_running_loop()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        done, late = await asyncio.wait(tasks, timeout=patience)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("a task ended with %s", type(error).__name__)
        if late:
            log.error("%d tasks do not let themselves be ended, and are left behind", len(late))
    generators = loop.create_task(loop.shutdown_asyncgens())
    await asyncio.wait([generators], timeout=patience)


def _end_threads(threads: ThreadPoolExecutor, patience: float) -> None:
    """Let the pool's threads end; the standard way waits for each of them, however long."""
    ending = threading.Thread(
        target=threads.shutdown, kwargs={"cancel_futures": True}, name="last-threads", daemon=True
    )
    ending.start()
    ending.join(patience)
    if ending.is_alive():
        log.error("threads of this loop do not end, and are left behind")
