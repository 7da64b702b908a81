"""What the demo leaves behind, and with which status it ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from fulfillment_sdk.cli.demo import story
from fulfillment_sdk.cli.demo.arrivals import EXPECTED, Arrival
from fulfillment_sdk.cli.demo.screen import Screen
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models import CASE_COMPLETED, STATUS_CHANGED, CaseEvent


class FakeServer:
    """Stands for the server's process: notes whether it was stopped or let go."""

    def __init__(self, folder: Path) -> None:
        self.data, self.log = folder / "server", folder / "server.log"
        self.address, self.pid = "http://127.0.0.1:8000", 4711
        self.staff_token_file = self.data / "staff-token"
        self.kept = self.stopped = False
        self.data.mkdir()
        self.log.touch()

    def let_go(self) -> None:
        self.kept = True

    def stop(self) -> None:
        self.stopped = True

    def __enter__(self) -> FakeServer:
        servers.append(self)
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopped = self.stopped or not self.kept


servers: list[FakeServer] = []


class FakeLoop:
    """Stands for the case's way: the names in `outcome` arrive, or it is raised."""

    outcome: list[str] | BaseException = []  # noqa: RUF012 replaced by each test

    def __init__(self, _screen: Screen, _server: FakeServer, folder: Path) -> None:
        (folder / "report.pdf").write_bytes(b"%PDF-")

    def run(self) -> list[Arrival]:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return [arrival(name) for name in self.outcome]


def arrival(name: str) -> Arrival:
    status = CaseStatus("qc_passed" if name == "completed" else name)
    kind = CASE_COMPLETED if name == "completed" else STATUS_CHANGED
    return Arrival(CaseEvent(id="evt", type=kind, case_id="case_1", new_status=status), 1.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(story, "LocalServer", FakeServer)
    monkeypatch.setattr(story, "_Loop", FakeLoop)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    servers.clear()
    return tmp_path


def left(folder: Path) -> set[str]:
    return {path.name for entry in folder.iterdir() for path in entry.iterdir()}


def test_all_in_order_is_status_0_and_only_the_report_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeLoop, "outcome", list(EXPECTED))
    assert story.tell() == 0
    assert servers[0].stopped
    assert left(folder) == {"report.pdf"}


def test_a_missing_notification_is_status_1_and_the_log_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(FakeLoop, "outcome", list(EXPECTED[:-1]))
    assert story.tell() == 1
    assert servers[0].stopped
    assert "server.log" in left(folder)
    assert "completed is missing" in capsys.readouterr().out


def test_keep_lets_the_server_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeLoop, "outcome", list(EXPECTED))
    assert story.tell(keep=True) == 0
    assert (servers[0].kept, servers[0].stopped) == (True, False)
    assert left(folder) == {"report.pdf", "server", "server.log"}


def test_a_failed_step_is_an_error_that_names_the_servers_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeLoop, "outcome", FulfillmentError("The portal answered 500"))
    with pytest.raises(FulfillmentError, match=r"answered 500\nThe server's log: .*server\.log"):
        story.tell()
    assert servers[0].stopped
    assert "server.log" in left(folder)


def test_ctrl_c_cleans_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeLoop, "outcome", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        story.tell()
    assert servers[0].stopped
    assert list(folder.iterdir()) == []


def test_sigterm_cleans_up_as_ctrl_c_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def terminated(_loop: FakeLoop) -> list[Arrival]:
        os.kill(os.getpid(), signal.SIGTERM)
        return []

    monkeypatch.setattr(FakeLoop, "run", terminated)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        story.tell()
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert list(folder.iterdir()) == []
