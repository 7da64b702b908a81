"""Tasks of an event loop wait for a commit, and hear of it together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest

from fulfillment_sdk.store.future import Outcome, StoreFuture, settle


async def waiting(future: StoreFuture[str]) -> str:
    return await future


async def begun(*futures: StoreFuture[str]) -> list[asyncio.Task[str]]:
    """Tasks that have got as far as waiting."""
    tasks = [asyncio.create_task(waiting(future)) for future in futures]
    await asyncio.sleep(0)
    return tasks


def elsewhere(*outcomes: tuple[StoreFuture[str], Outcome]) -> None:
    """Settle in another thread, as a writer does."""
    thread = threading.Thread(target=settle, args=(outcomes,))
    thread.start()
    thread.join()


async def test_a_loop_is_woken_once_for_all_that_one_commit_settles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    futures = [StoreFuture[str]() for _ in range(10)]
    tasks = await begun(*futures)
    loop, woken = asyncio.get_running_loop(), []
    wake = loop.call_soon_threadsafe

    def counted(callback: Callable[..., object], *args: object) -> asyncio.Handle:
        woken.append(callback)
        return wake(callback, *args)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    elsewhere(*((future, (f"{n}", None)) for n, future in enumerate(futures)))

    assert await asyncio.gather(*tasks) == [f"{n}" for n in range(10)]
    assert len(woken) == 1


async def test_an_error_is_raised_where_it_is_awaited() -> None:
    good, bad = StoreFuture[str](), StoreFuture[str]()
    tasks = await begun(good, bad)
    elsewhere((bad, (None, ValueError("no"))), (good, ("fine", None)))

    with pytest.raises(ValueError, match="no"):
        await tasks[1]
    assert await tasks[0] == "fine"


async def test_what_is_settled_can_be_awaited_at_once_and_more_than_once() -> None:
    future = StoreFuture[str]()
    tasks = await begun(future, future)
    elsewhere((future, ("done", None)))

    assert await asyncio.gather(*tasks) == ["done", "done"]
    assert await future == "done"


async def test_cancelling_who_waits_cancels_what_has_not_begun() -> None:
    future = StoreFuture[str]()
    [task] = await begun(future)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert future.cancelled()


async def test_cancelling_who_waits_leaves_what_has_begun() -> None:
    future = StoreFuture[str]()
    assert future.set_running_or_notify_cancel()
    [task] = await begun(future)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    elsewhere((future, ("done all the same", None)))
    assert future.result(0) == "done all the same"


async def test_cancelling_the_work_is_heard_by_who_waits() -> None:
    future = StoreFuture[str]()
    [task] = await begun(future)

    assert future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(CancelledError):
        future.result(0)


def test_a_loop_that_is_closed_meanwhile_disturbs_nobody() -> None:
    gone, other = StoreFuture[str](), StoreFuture[str]()
    assert gone.set_running_or_notify_cancel()

    async def give_up() -> None:
        await begun(gone)

    asyncio.run(give_up())
    settle([(gone, ("unheard", None)), (other, ("heard", None))])

    assert (gone.result(0), other.result(0)) == ("unheard", "heard")
