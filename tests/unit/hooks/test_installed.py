"""Looking for what is installed costs time, so it happens once."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fulfillment_sdk.hooks.installed import (
    DISABLE_VARIABLE,
    PROJECT,
    SwitchedOff,
    forget_installed,
    installed,
)

ONE = EntryPoint("audit", "audit_plugin", PROJECT)


class Looking:
    """Stands in for the standard library's scan, and counts.

    With `patience` (seconds) it lasts until somebody else looks too, or nobody does.
    """

    def __init__(self) -> None:
        self.groups: list[str] = []
        self.patience = 0.0
        self._another = threading.Event()

    def __call__(self, *, group: str) -> list[EntryPoint]:
        if self.groups:
            self._another.set()
        self.groups.append(group)
        self._another.wait(self.patience)
        return [ONE]


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looking]:
    stand_in = Looking()
    monkeypatch.setattr(importlib.metadata, "entry_points", stand_in)
    forget_installed()
    yield stand_in
    forget_installed()


def test_what_is_installed_is_looked_for_once_in_a_process(looking: Looking) -> None:
    assert [installed(), installed()] == [(ONE,), (ONE,)]
    assert looking.groups == ["fulfillment_sdk"]


def test_threads_that_ask_at_once_make_one_look(looking: Looking) -> None:
    together = threading.Barrier(8)
    looking.patience = 0.2

    def ask(_number: int) -> tuple[EntryPoint, ...]:
        together.wait()
        return installed()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))

    assert answers == [(ONE,)] * 8
    assert len(looking.groups) == 1


@pytest.mark.parametrize(
    ("text", "name", "off"),
    [
        ("", "audit", False),
        ("audit", "audit", True),
        (" other , audit ,", "audit", True),
        ("*", "anything", True),
        ("audit", "Audit", False),
        ("aud", "audit", False),
    ],
)
def test_a_plugin_is_switched_off_by_its_name_or_with_all(text: str, name: str, off: bool) -> None:
    assert SwitchedOff.of(text).has(name) is off


def test_the_switch_is_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SwitchedOff.of() == SwitchedOff()
    monkeypatch.setenv(DISABLE_VARIABLE, "*")
    assert SwitchedOff.of().everything


def test_neither_the_look_nor_the_switch_loads_pluggy() -> None:
    source = (
        "import sys; from fulfillment_sdk.hooks.installed import SwitchedOff, installed; "
        "SwitchedOff.of(); installed(); print('pluggy' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)

    assert done.stdout.strip() == "False", done.stderr


def test_metadata_that_cannot_be_read_hurts_no_other_distribution(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    told = {"broken": "[console_scripts]\nno equals sign\n", "good": f"[{PROJECT}]\none = one\n"}
    for name, entry_points in told.items():
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
    forget_installed()
    request.addfinalizer(forget_installed)

    assert "one" in [found.name for found in installed()]
    assert caplog.messages == ["what is installed as broken can't be looked at: TypeError"]


def test_a_wish_of_the_host_to_exit_is_not_taken_for_a_plugin_s(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(*, group: str) -> list[EntryPoint]:
        raise SystemExit(143)

    monkeypatch.setattr(importlib.metadata, "entry_points", signalled)
    with pytest.raises(SystemExit):
        installed()
    monkeypatch.setattr(importlib.metadata, "entry_points", looking)
    assert installed() == (ONE,)
