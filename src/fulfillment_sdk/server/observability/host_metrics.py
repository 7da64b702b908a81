"""What an operator watches besides requests and relays: readiness, disk, backups, the version."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from fulfillment_sdk._version import __version__
from fulfillment_sdk.server.backup import last

Problems = Callable[[], Sequence[str]]

_STORES = ("gateway", "portal")
_BESIDE = ("", "-wal")  # SQLite's file, and the log beside it


class HostMetrics(Collector):
    """Collects what can be seen from outside the parties.

    Args:
        folder: the data folder.
        problems: says why the server is not ready; empty where it is.
    """

    def __init__(self, folder: Path, problems: Problems) -> None:
        self._folder = folder
        self._problems = problems

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now; what can't be found out is left out."""
        yield InfoMetricFamily(
            "fulfillment_build", "What is running.", value={"version": __version__}
        )
        yield GaugeMetricFamily(
            "fulfillment_ready",
            "1 where /readyz answers 200, else 0.",
            value=0 if self._problems() else 1,
        )
        yield from self._disk()
        yield from self._stores()
        yield from self._backup()

    def _disk(self) -> Iterator[Metric]:
        try:
            found = shutil.disk_usage(self._folder)
        except OSError:
            return
        yield GaugeMetricFamily(
            "fulfillment_data_free_bytes", "Space left for the data folder.", value=found.free
        )
        yield GaugeMetricFamily(
            "fulfillment_data_disk_bytes", "Size of the data folder's disk.", value=found.total
        )

    def _stores(self) -> Iterator[Metric]:
        sizes = GaugeMetricFamily(
            "fulfillment_store_bytes",
            "Size of a party's SQLite database and the log beside it.",
            labels=("party",),
        )
        for party in _STORES:
            found = [_size(self._folder / f"{party}.db{beside}") for beside in _BESIDE]
            if found[0] is not None:
                sizes.add_metric((party,), sum(filter(None, found)))
        yield sizes

    def _backup(self) -> Iterator[Metric]:
        at = last.read(self._folder)
        if at is not None:
            yield GaugeMetricFamily(
                "fulfillment_last_backup_timestamp_seconds",
                "When fulfillment backup last succeeded here, in epoch seconds.",
                value=at,
            )


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
