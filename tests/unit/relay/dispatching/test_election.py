"""Which process dispatches an SQLite file, and what becomes of a lock that can't be used."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from fulfillment_sdk.relay.dispatching.election import Election


async def test_a_lock_file_that_cannot_be_used_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lock = tmp_path / "relay.db.dispatcher"
    lock.mkdir()  # as little of use as another user's file, for root too
    election = Election(f"sqlite:///{tmp_path}/relay.db", poll=0.0)
    winning = asyncio.create_task(election.win())
    await some_tries()
    assert not winning.done()
    (told,) = caplog.messages
    assert told.startswith(f"nothing is dispatched: the lock file {lock} can't be used (")
    assert "make it this user's" in told

    shutil.rmtree(lock)
    async with asyncio.timeout(5):
        assert await winning
    election.release()


async def test_who_waits_for_another_process_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fulfillment_sdk")
    url = f"sqlite:///{tmp_path}/relay.db"
    first, second = Election(url, poll=0.0), Election(url, poll=0.0)
    assert await first.win()
    winning = asyncio.create_task(second.win())
    await some_tries()
    assert caplog.messages == ["another process dispatches this database: waiting for its end"]

    first.release()
    async with asyncio.timeout(5):
        assert await winning
    second.release()


async def test_a_database_has_one_lock_whatever_links_lead_to_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "relay.db").touch()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "other.db").symlink_to(tmp_path / "real" / "relay.db")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    first = Election(f"sqlite:///{tmp_path}/real/relay.db", poll=0.0)
    assert await first.win()
    for name in ("linked/other.db", "folder/relay.db"):
        second = Election(f"sqlite:///{tmp_path}/{name}", poll=0.0)
        winning = asyncio.create_task(second.win())
        await some_tries()
        assert not winning.done()
        winning.cancel()
    first.release()


async def some_tries() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
