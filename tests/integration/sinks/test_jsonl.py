"""The kind `jsonl` among processes that are killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fulfillment_sdk.plugins.bundled.jsonl import JsonlSettings
from fulfillment_sdk.plugins.bundled.jsonl.sink import JsonlSink
from fulfillment_sdk.relay import Delivered
from tests.unit.plugins.bundled.deliveries import about_a_case

# Writes one batch after the other, and says of each event that it was delivered.
_WRITER = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from fulfillment_sdk.plugins.bundled.jsonl import JsonlSettings
from fulfillment_sdk.plugins.bundled.jsonl.sink import JsonlSink
from fulfillment_sdk.relay import Delivered
from tests.unit.plugins.bundled.deliveries import about_a_case

path, name, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


async def main():
    sink = JsonlSink(JsonlSettings(path, fsync=False, rotate_bytes=2_000_000))
    await sink.open()
    for batch in range(1_000_000):
        ids = [f"{name}-{batch}-{number}" for number in range(8)]
        told = await asyncio.gather(
            *[sink.deliver(about_a_case(id=one, padding="x" * 20_000)) for one in ids]
        )
        delivered = [one for one, how in zip(ids, told) if how == Delivered()]
        os.write(1, "".join(f"{one}\\n" for one in delivered).encode())


asyncio.run(main())
"""


def start(path: Path, name: str, *, limit: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), name, str(limit)],
        stdout=subprocess.PIPE,
        text=True,
    )


def rest_of(writer: subprocess.Popen[str]) -> str:
    """Read what a writer that was killed still said.

    `communicate` with a time limit would pass over what `readline` had read ahead.
    """
    assert writer.stdout is not None
    with writer.stdout as stdout:
        rest = stdout.read()
    writer.wait(30)
    return rest


def ids_in(folder: Path) -> list[str]:
    """Read every line of every file; one that is not whole raises."""
    parts = [one.read_bytes() for one in folder.iterdir()]
    assert all(part.endswith(b"\n") for part in parts if part)
    return [json.loads(line)["event"]["id"] for part in parts for line in part.splitlines()]


async def test_a_line_that_a_process_died_in_is_gone_when_another_one_writes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.jsonl"
    sink = JsonlSink(JsonlSettings(path))
    await sink.open()
    assert await sink.deliver(about_a_case(id="before")) == Delivered()

    dying = start(path, "dying", limit=200_000)  # the kernel ends it in the middle of a line
    acknowledged = dying.communicate(timeout=30)[0].split()

    assert dying.returncode == -signal.SIGXFSZ
    assert not path.read_bytes().endswith(b"\n")
    assert await sink.deliver(about_a_case(id="after")) == Delivered()
    await sink.close()
    written = ids_in(tmp_path)
    assert (written[0], written[-1]) == ("before", "after")
    assert set(acknowledged) <= set(written)


async def test_whoever_is_killed_every_line_is_whole_and_nothing_acknowledged_is_missing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.jsonl"
    acknowledged: set[str] = set()
    for turn in range(2):
        writers = [start(path, f"{turn}-{number}") for number in range(2)]
        for writer in writers:
            assert writer.stdout is not None
            for _ in range(40):
                acknowledged.add(writer.stdout.readline().strip())
        for writer in writers:
            writer.kill()
        for writer in writers:
            acknowledged.update(rest_of(writer).split("\n")[:-1])

    sink = JsonlSink(JsonlSettings(path))
    await sink.open()
    await sink.close()

    written = ids_in(tmp_path)
    assert acknowledged <= set(written)
    assert len(acknowledged) >= 160
    assert len(list(tmp_path.iterdir())) > 1
    assert len(written) == len(set(written))


@pytest.mark.parametrize("copies", [200])
async def test_what_two_sinks_write_into_one_file_at_once_is_all_there(
    tmp_path: Path, copies: int
) -> None:
    path = tmp_path / "audit.jsonl"
    sinks = [JsonlSink(JsonlSettings(path, rotate_bytes=10_000)) for _ in range(2)]
    for sink in sinks:
        await sink.open()

    outcomes = await asyncio.gather(
        *[
            sink.deliver(about_a_case(id=f"{number}-{copy}"))
            for number, sink in enumerate(sinks)
            for copy in range(copies)
        ]
    )
    for sink in sinks:
        await sink.close()

    assert set(outcomes) == {Delivered()}
    assert len(set(ids_in(tmp_path))) == 2 * copies
