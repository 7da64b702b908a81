"""What is wrong with a receiver's settings is told as it is made, not with its first request."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.installed import DISABLE_VARIABLE
from fulfillment_sdk.receiver import Receiver
from tests.unit.receiver.conftest import SECRET, Inbox


@pytest.mark.parametrize("data", ["", "  ", "in\0box", Path("in\0box"), "sqlite:///in\0box.db"])
def test_data_that_is_no_place_is_refused(data: str | Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Receiver(SECRET, data, [Inbox()], load_entry_points=False)

    assert "\0" not in str(caught.value)
    assert "Write " in caught.value.remedy


@pytest.mark.parametrize("data", [None, 5, b"inbox"])
def test_data_of_another_type_is_refused(data: object) -> None:
    with pytest.raises(ConfigurationError, match="data names no place"):
        Receiver(SECRET, data, [Inbox()], load_entry_points=False)  # type: ignore[arg-type]


def test_a_file_whose_data_is_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f'[receiver]\ndata = ""\nsecrets = "{SECRET}"\n')

    with pytest.raises(ConfigurationError, match="data names no place") as caught:
        Receiver.from_config(tmp_path / "own.toml")

    assert 'data="inbox"' in caught.value.remedy


def test_a_database_on_a_server_needs_its_extra_from_the_start(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from fulfillment_sdk import MissingExtra, Receiver\n"
        f"try:\n    Receiver({SECRET!r}, 'postgresql://hush@127.0.0.1/x')\n"
        "except MissingExtra as error:\n    print(error)"
    )
    environ = {**os.environ, "FULFILLMENT_STORAGE_KEYS": "k:" + "A" * 43 + "="}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environ
    )

    assert 'pip install "fulfillment-sdk[postgres]"' in done.stdout, done.stderr


def test_a_name_that_switches_no_plugin_off_is_warned_of_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(DISABLE_VARIABLE, "inbx, inbox")
    caplog.set_level(logging.WARNING)

    receiver = Receiver(SECRET, tmp_path, [Inbox()], load_entry_points=False)

    assert receiver.destinations == ()
    assert (
        "FULFILLMENT_DISABLE_PLUGINS lists 'inbx', and no plugin is called so. Did you mean inbox?"
    ) in caplog.text
    assert "lists 'inbox'" not in caplog.text


@pytest.mark.parametrize("names", ["*", "*,inbx", "", "inbox"])
def test_names_that_do_something_are_not_warned_of(
    names: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(DISABLE_VARIABLE, names)

    Receiver(SECRET, tmp_path, [Inbox()], load_entry_points=False)

    assert "is called so" not in caplog.text
