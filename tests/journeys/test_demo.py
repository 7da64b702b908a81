"""`fulfillment demo` as a partner's developer meets it first."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.server.local_server import LocalServer

from ._server import SECONDS, clean_environment, command

PERSONAL = ("Jane Smith", "Sarah Johnson", "Robert Johnson", "0712345678", "physical abuse")


def environment(folder: Path) -> dict[str, str]:
    # With a variable that colours files elsewhere, and a setting that is not for the demo.
    return clean_environment(
        {"TMPDIR": str(folder), "FORCE_COLOR": "1", "FULFILLMENT_PORT": "1", "COLUMNS": "200"}
    )


def run(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("demo", *flags),
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@contextmanager
def watched(pid: int) -> Iterator[int]:
    """Hold on to a process that is not our child, so that its end can be waited for."""
    if not hasattr(os, "pidfd_open"):
        pytest.skip("only Linux lets us wait for a process that is not our child")
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def has_ended(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], SECONDS)[0])


def test_it_shows_the_whole_loop_and_ends_with_status_0(tmp_path: Path) -> None:
    ended = run(tmp_path)
    shown = ended.stdout
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "arrived, once each, in order" in shown
    for message in (
        "Case created",
        "Case allocated to worker",
        "Case in progress",
        "Case submitted for review",
        "Case status changed from 'submitted' to 'qc_passed'",
        "Case completed - includes full verification data and report",
    ):
        assert shown.count(message) == 2  # when it came, and in the summary
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert not [word for word in PERSONAL if word in shown]
    (report,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert report.read_bytes().startswith(b"%PDF-")
    assert f"({report.stat().st_size:,} bytes)" in shown


def test_keep_leaves_the_server_running_and_says_how_to_stop_it(tmp_path: Path) -> None:
    ended = run(tmp_path, "--keep")
    assert ended.returncode == 0
    (pid,) = re.findall(r"kill ([0-9]+)", ended.stdout)
    (address,) = set(re.findall(r"(http://\S+)/portal/api/", ended.stdout))
    with watched(int(pid)) as server:
        try:
            assert requests.get(f"{address}/readyz", timeout=SECONDS).status_code == 200
            (token,) = tmp_path.rglob("staff-token")
            assert str(token) in ended.stdout.replace("\n", "").replace(" ", "")
        finally:
            os.kill(int(pid), signal.SIGTERM)
        assert has_ended(server)


def test_a_server_that_does_not_start_is_reported_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "server").touch()  # where its data folder should be
    with pytest.raises(FulfillmentError, match="did not start") as failed:
        LocalServer(tmp_path)
    assert "The data folder" in failed.value.remedy


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_it_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        command("demo"),
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        line = next(line for line in demo.stdout if "process" in line)
        pid = int(line.partition("process ")[2].strip(" )\n"))
        with watched(pid) as server:
            demo.send_signal(number)
            _, errors = demo.communicate(timeout=SECONDS)
            assert has_ended(server)
    assert demo.returncode != 0
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
