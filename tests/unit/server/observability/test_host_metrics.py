"""What an operator watches besides requests and relays."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from fulfillment_sdk._version import __version__
from fulfillment_sdk.server.backup import last
from fulfillment_sdk.server.observability.host_metrics import HostMetrics


def told(folder: Path, *problems: str) -> dict[str, float]:
    """Return the figures as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(HostMetrics(folder, lambda: problems))
    lines = generate_latest(registry).decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_readiness_is_a_figure(tmp_path: Path) -> None:
    assert told(tmp_path)["fulfillment_ready"] == 1
    assert told(tmp_path, "portal: not started")["fulfillment_ready"] == 0


def test_disk_and_version_are_told(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert found[f'fulfillment_build_info{{version="{__version__}"}}'] == 1
    assert 0 < found["fulfillment_data_free_bytes"] <= found["fulfillment_data_disk_bytes"]


def test_a_database_counts_with_the_log_beside_it(tmp_path: Path) -> None:
    (tmp_path / "portal.db").write_bytes(b"p" * 100)
    (tmp_path / "portal.db-wal").write_bytes(b"w" * 11)
    found = told(tmp_path)
    assert found['fulfillment_store_bytes{party="portal"}'] == 111
    assert 'fulfillment_store_bytes{party="gateway"}' not in found


def test_the_last_backup_is_told_once_there_was_one(tmp_path: Path) -> None:
    name = "fulfillment_last_backup_timestamp_seconds"
    assert name not in told(tmp_path)
    last.note(tmp_path, 1_743_955_200.5)
    assert told(tmp_path)[name] == 1_743_955_200.5


@pytest.mark.parametrize("content", ["", "yesterday"])
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / last.FILE).write_text(content)
    assert last.read(tmp_path) is None


def test_a_folder_that_is_gone_costs_its_figures_only(tmp_path: Path) -> None:
    found = told(tmp_path / "gone")
    assert found["fulfillment_ready"] == 1
    assert "fulfillment_data_free_bytes" not in found
