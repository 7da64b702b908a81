"""Plugins that are named by where they are."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from fulfillment_sdk import hooks
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks import by_path

load = functools.partial(by_path.load_by_path, where="--plugin")


def test_a_plugin_that_fails_is_told_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_plugin.py").write_text("raise ValueError('password=hush')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        load("broken_plugin")
    assert "ValueError" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_plugin_is_an_object_of_a_module_or_the_module() -> None:
    assert load("fulfillment_sdk.hooks:by_path") is by_path
    assert load("fulfillment_sdk.hooks") is hooks
    assert load("fulfillment_sdk.hooks:by_path.load_by_path") is by_path.load_by_path


@pytest.mark.parametrize("path", ["", ":", ":tracker"])
def test_a_plugin_without_a_module_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="names no module") as caught:
        load(path)
    assert "module:object" in caught.value.remedy


def test_a_plugin_that_ends_the_program_as_it_is_imported_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving_plugin.py").write_text("raise SystemExit('hush')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match="leaving_plugin can't be loaded: SystemExit"):
        load("leaving_plugin")


def test_a_plugin_whose_module_lacks_something_is_told_with_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lacking_settings.py").write_text("import os\n\nos.environ['NOT_THERE']\n")
    (tmp_path / "lacking_plugin.py").write_text("import lacking_settings\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        load("lacking_plugin:tracker")
    where = tmp_path / "lacking_settings.py"
    assert caught.value.message.endswith(f"can't be loaded: KeyError at {where}:3")
    assert "what its module needs" in caught.value.remedy


def test_a_library_that_raises_is_told_with_the_line_that_led_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "calling_plugin.py").write_text("import json\n\njson.loads('{')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"JSONDecodeError at .*calling_plugin\.py:3\n"):
        load("calling_plugin")


def test_what_the_kit_itself_refuses_meanwhile_is_told_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "from fulfillment_sdk import Receiver\n\nReceiver(secrets='', data='inbox')\n"
    (tmp_path / "secretless_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match="loaded: The receiver has no secret") as caught:
        load("secretless_plugin")
    assert "creating the subscription returned" in caught.value.remedy
