"""Secrets among settings: found where they are said to be, and shown nowhere."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.plugins.settings.settings import load_settings


@attrs.frozen
class Settings:
    password: Secret
    keys: tuple[Secret, ...] = ()


def test_a_secret_is_said_in_place_in_the_environment_or_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_1", " hush ")
    (tmp_path / "key").write_text("  hush hush\n")
    keys = [{"env": "KEY_1"}, {"file": str(tmp_path / "key")}, Secret("given")]

    settings = load_settings(Settings, {"password": "hush", "keys": keys}, where="sinks.a")

    assert settings.password.value == "hush"
    assert [key.value for key in settings.keys] == [" hush ", "hush hush", "given"]


def test_a_secret_shows_nowhere() -> None:
    settings = Settings(Secret("hush"))
    assert "hush" not in f"{settings} {settings!r} {settings.password} {settings.password!r}"


@pytest.mark.parametrize("given", [None, 5, ["hush"], {}, {"env": 5}, {"env": "A", "file": "hush"}])
def test_what_is_none_is_an_error_that_says_what_may_stand_there(given: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Settings, {"password": given}, where="sinks.a")

    assert caught.value.message == (
        'sinks.a.password must be a string, {"env": "NAME"} or {"file": "path"}'
    )


def test_a_secret_that_is_not_there_is_an_error_that_says_where(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xffhush")
    (tmp_path / "large").write_text("hush" * 100_000)
    (tmp_path / "blank").write_text("\n")
    found = []
    for given in (
        "",
        {"env": "NO_SUCH_NAME"},
        {"file": str(tmp_path / "none")},
        {"file": str(tmp_path)},
        {"file": str(tmp_path / "binary")},
        {"file": str(tmp_path / "large")},
        {"file": str(tmp_path / "blank")},
    ):
        with pytest.raises(ConfigurationError) as caught:
            load_settings(Settings, {"password": given}, where="sinks.a")
        found.append(caught.value.message.replace(str(tmp_path), "…"))

    assert found == [
        "sinks.a.password is empty",
        "sinks.a.password: there is no environment variable NO_SUCH_NAME",
        "sinks.a.password: the file …/none can't be used: No such file or directory",
        "sinks.a.password: the file … can't be used: Is a directory",
        "sinks.a.password: the file …/binary can't be used: it is no text",
        "sinks.a.password: the file …/large can't be used: it is too large",
        "sinks.a.password is empty",
    ]
