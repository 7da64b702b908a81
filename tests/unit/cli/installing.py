"""Distributions with plugins, installed for a test in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fulfillment_sdk.hooks.installed import forget_installed

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a module as a plugin: `install("name", "its source", value=":plugin")`."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def install(name: str, source: str, *, version: str = "1.0", value: str = "") -> None:
        module = f"{tmp_path.name}_{name}".replace("-", "_")
        (folder / f"{module}.py").write_text(source)
        info = folder / f"{module}-{version}.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n"
        (info / "METADATA").write_text(head)
        (info / "entry_points.txt").write_text(f"[fulfillment_sdk]\n{name} = {module}{value}\n")
        forget_installed()

    forget_installed()
    yield install
    forget_installed()
