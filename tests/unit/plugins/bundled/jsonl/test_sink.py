"""The kind `jsonl`, as a relay uses it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.plugins.bundled.jsonl import JsonlSettings
from fulfillment_sdk.plugins.bundled.jsonl.sink import NO_OBJECT, JsonlSink
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import Delivered, Retry, RetryPolicy
from tests.unit.plugins.bundled.deliveries import about_a_case, delivery
from tests.unit.plugins.bundled.limits import no_descriptor_left, no_file_larger_than


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


async def test_what_is_no_event_is_rejected_and_those_beside_it_are_written(path: Path) -> None:
    sink = JsonlSink(JsonlSettings(path))
    await sink.open()

    first, second = await asyncio.gather(
        sink.deliver(delivery(b"<html>", id="evt_1")), sink.deliver(about_a_case(id="evt_2"))
    )
    await sink.close()

    assert (first, second) == (NO_OBJECT, Delivered())
    assert [json.loads(line)["event"]["id"] for line in path.read_text().splitlines()] == ["evt_2"]


async def test_a_disk_in_trouble_is_tried_again(path: Path) -> None:
    sink = JsonlSink(JsonlSettings(path))
    await sink.open()
    with no_file_larger_than(10):
        assert await sink.deliver(about_a_case()) == Retry("can't write (EFBIG)")

    assert await sink.deliver(about_a_case()) == Delivered()
    await sink.close()

    assert len(path.read_text().splitlines()) == 1


async def test_a_process_without_a_descriptor_left_says_so_to_the_relay(path: Path) -> None:
    sink = JsonlSink(JsonlSettings(path))
    await sink.open()
    path.unlink()

    with no_descriptor_left(), pytest.raises(OSError, match="Too many open files"):
        await sink.deliver(about_a_case())
    await sink.close()


async def test_a_sink_without_its_folder_does_not_open(tmp_path: Path) -> None:
    sink = JsonlSink(JsonlSettings(tmp_path / "unmounted" / "audit.jsonl"))

    with pytest.raises(FileNotFoundError):
        await sink.open()
    await sink.close()


async def test_what_comes_together_needs_one_fsync(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    sink = JsonlSink(JsonlSettings(path))
    await sink.open()
    await sink.deliver(about_a_case(id="evt_0"))
    monkeypatch.setattr("os.fsync", synced.append)

    await asyncio.gather(*[sink.deliver(about_a_case(id=f"evt_{n}")) for n in range(1, 50)])
    await sink.close()

    assert len(synced) == 1
    assert len(path.read_text().splitlines()) == 50


async def test_without_fsync_none_is_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    sink = JsonlSink(JsonlSettings(path, fsync=False))
    await sink.open()

    await sink.deliver(about_a_case())
    await sink.close()

    assert (synced, len(path.read_text().splitlines())) == ([], 1)


async def test_it_may_be_closed_and_opened_anew(path: Path) -> None:
    sink = JsonlSink(JsonlSettings(path))
    for number in range(2):
        await sink.open()
        await sink.deliver(about_a_case(id=f"evt_{number}"))
        await sink.close()

    assert len(path.read_text().splitlines()) == 2


async def test_closing_leaves_no_descriptor_behind(path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    sink = JsonlSink(JsonlSettings(path))
    await sink.open()
    await sink.deliver(about_a_case())

    await sink.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    "wrong", [{"rotate_bytes": 0}, {"keep": 0}, {"fsync": "no"}, {"path": 3}, {"rotate": "daily"}]
)
def test_wrong_settings_are_refused(wrong: dict[str, object], path: Path) -> None:
    with pytest.raises(ConfigurationError):
        SinkKinds.of(Plugins()).bind(
            "audit", {"kind": "jsonl", "path": str(path), **wrong}, RetryPolicy()
        )


def test_it_is_given_many_at_once_for_they_share_an_fsync(path: Path) -> None:
    table = {"kind": "jsonl", "path": str(path), "disclosure": "full"}

    destination, sink = SinkKinds.of(Plugins()).bind("audit", table, RetryPolicy())

    assert destination.concurrency == 64
    assert isinstance(sink, JsonlSink)
    assert not path.exists()
