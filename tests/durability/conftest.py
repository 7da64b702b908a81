"""The processes that this folder's tests share: each test leaves them running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ._disk import Disk
from ._house import House, house


@pytest.fixture(scope="session")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("together")


@pytest.fixture(scope="session")
def disks(_folder: Path) -> Iterator[dict[str, Disk]]:
    """The disks of `together`'s processes."""
    found = {name: Disk(_folder / name) for name in ("all", "receiver")}
    try:
        yield found
    finally:
        for disk in found.values():
            disk.unmount()


@pytest.fixture(scope="session")
def together(_folder: Path, disks: dict[str, Disk]) -> Iterator[House]:
    """A server with both parties, and the partner."""
    assert disks
    with house(_folder, parties=("all",)) as everything:
        yield everything


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Gateway, portal and partner."""
    with house(tmp_path_factory.mktemp("apart"), parties=("gateway", "portal")) as everything:
        yield everything
