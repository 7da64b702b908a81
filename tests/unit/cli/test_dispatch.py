"""`fulfillment dispatch` says what it can't use, before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment_sdk.cli.dispatch import read_sinks
from fulfillment_sdk.cli.group import command
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.cases.judge import Rules
from fulfillment_sdk.receiver.database import Database
from tests.postgres import server


class Quiet:
    name = "quiet"

    @hookimpl
    def fulfillment_status_changed(self, event: object) -> None:
        """Take everything."""


QUIET = Quiet()
_QUIET = "tests.unit.cli.test_dispatch:QUIET"


def dispatch(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["dispatch", *arguments], prog_name="fulfillment")


def test_a_folder_without_a_receivers_database_is_refused(tmp_path: Path) -> None:
    for data in (str(tmp_path), f"sqlite:///{tmp_path}/typo.db"):
        ended = dispatch(data, "--plugin", _QUIET)
        assert ended.exit_code == 1
        assert ended.stderr.startswith("Error: There is no receiver's database at")
        assert "data=" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["tests.no_such_module", "tests.unit.cli.test_dispatch:NOBODY"])
def test_a_plugin_that_is_not_there_is_named(path: str, tmp_path: Path) -> None:
    ended = dispatch(str(tmp_path), "--plugin", path)
    assert ended.exit_code == 1
    assert f"The plugin {path} can't be loaded" in ended.stderr
    assert "--plugin module:object" in ended.stderr


def test_a_sink_is_a_line_of_toml() -> None:
    line = 'audit = {kind = "counter", path = "a.txt", events = ["case.completed"]}'
    found = read_sinks([line, 'other = {kind = "log"}'])
    assert found["audit"] == {"kind": "counter", "path": "a.txt", "events": ["case.completed"]}
    assert found["other"] == {"kind": "log"}


@pytest.mark.parametrize("line", ["audit", "audit = 3", 'audit = {kind = "secret'])
def test_a_sink_that_cant_be_read_is_named_without_its_settings(line: str) -> None:
    with pytest.raises(ConfigurationError, match="--sink audit can't be read") as caught:
        read_sinks([line])
    assert "secret" not in str(caught.value)


def test_two_sinks_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Two sinks are called audit"):
        read_sinks(['audit = {kind = "log"}', 'audit = {kind = "counter"}'])


def test_an_empty_file_is_no_receivers_database_and_stays_empty(tmp_path: Path) -> None:
    file = tmp_path / "receiver.db"
    file.touch()
    ended = dispatch(str(tmp_path), "--plugin", _QUIET)
    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"Error: There is no receiver's database at {file}")
    assert file.stat().st_size == 0


def test_an_empty_database_on_a_server_is_none_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILLMENT_STORAGE_KEYS", "k:" + "A" * 43 + "=")
    url = server().new_database()
    name = url.rpartition("/")[2].partition("?")[0]
    try:
        ended = dispatch(url, "--plugin", _QUIET)
        tables = server().run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name)
    finally:
        server().drop_database(url)
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: There is no receiver's database at this URL")
    assert tables == []


def test_without_plugins_and_sinks_there_is_nobody_to_dispatch_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "*")
    (tmp_path / "receiver.db").touch()
    ended = dispatch(str(tmp_path))
    assert ended.exit_code == 1
    assert ended.stderr == (
        "Error: There is nobody to dispatch to: no plugin and no sink\n"
        "Add --plugin and --sink for those that the receiver has, or its --config.\n"
    )
    assert caplog.text == ""


def test_data_that_is_no_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[receiver]\ndata = 'inbox'\n[sinks.a]\nkind = 'log'\n")
    for config in ([], ["--config", str(tmp_path / "own.toml")]):
        ended = dispatch("", "--plugin", _QUIET, *config)
        assert ended.exit_code == 1
        assert ended.stderr.startswith("Error: The receiver's data names no place\n")


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "90 days"])
def test_a_retention_that_is_no_number_of_seconds_is_refused(seconds: str, tmp_path: Path) -> None:
    ended = dispatch(str(tmp_path), "--retain", seconds)
    assert ended.exit_code == 2
    assert "Invalid value for '--retain'" in ended.stderr


def test_an_unknown_kind_of_sink_is_refused(tmp_path: Path) -> None:
    (tmp_path / "receiver.db").touch()
    ended = dispatch(str(tmp_path), "--sink", 'audit = {kind = "no_such_kind"}')
    assert ended.exit_code == 1
    assert "no_such_kind" in ended.stderr


@pytest.mark.parametrize("grace", ["nan", "inf", "-1", "soon"])
def test_a_grace_that_is_no_number_of_seconds_is_refused(grace: str, tmp_path: Path) -> None:
    (tmp_path / "receiver.db").touch()
    ended = dispatch(str(tmp_path), "--grace", grace)
    assert ended.exit_code == 2
    assert "Invalid value for '--grace'" in ended.stderr


def test_it_wants_data_or_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = dispatch()
    assert ended.exit_code == 2
    assert "There is no fulfillment.toml here: give it DATA, or --config." in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "place"),
    [((), "of-the-file"), (("of-the-call", "--plugin", _QUIET), "of-the-call")],
)
def test_without_data_it_goes_by_the_configuration_beside_it(
    arguments: tuple[str, ...], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fulfillment.toml").write_text(
        "[receiver]\ndata = 'of-the-file'\n[sinks.a]\nkind = 'log'\n"
    )
    ended = dispatch(*arguments)
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: There is no receiver's database at")
    assert f"{place}/receiver.db" in ended.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("port = 1\n", "has no table [receiver]"),
        ("[receiver]\ndata = 'inbox'\n", "There is nobody to dispatch to"),
        ("[receiver]\ndata = 'inbox'\n", "\nWrite receiver.plugins or [sinks.NAME] into own.toml"),
        ("[receiver]\ndata = 'inbox'\n[sinks.a]\nkind = 'lug'\n", "Did you mean log?"),
        ("[receiver]\ndata = 'inbox'\n[sinks.a]\nkind = 'log'\n", "no receiver's database at"),
        (
            "[receiver]\ndata = 'inbox'\nsecrets = {env = 'NOT_HERE'}\n[sinks.a]\nkind = 'log'\n",
            "no receiver's database at",
        ),
    ],
)
def test_a_configuration_that_it_cannot_use_is_told(
    content: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(content)
    ended = dispatch("--config", "own.toml")
    assert ended.exit_code == 1
    assert said in ended.stderr


def test_a_configuration_says_how_events_are_put_in_order_and_where_the_feed_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FULFILLMENT_BASE_URL", "https://gateway.example.org")
    monkeypatch.setenv("FULFILLMENT_TOKEN", "token")
    Receiver("whsec_" + "A" * 32, "inbox", dispatch=False, load_entry_points=False).relay.close()
    opened: list[dict[str, object]] = []

    def refuse(_database: Database, _outlets: object, **how: object) -> None:
        opened.append(how)
        raise ConfigurationError("not here")

    monkeypatch.setattr(Database, "open", refuse)
    (tmp_path / "own.toml").write_text(
        "[receiver]\ndata = 'inbox'\nwindow = 5\nfiltered = true\nopening = 2\nfeed = true\n"
        "[sinks.a]\nkind = 'log'\n"
    )
    assert "not here" in dispatch("--config", "own.toml").stderr
    (how,) = opened
    assert how["rules"] == Rules(window=5.0, filtered=True, opening=2.0)
    assert callable(how["feed"])


def test_a_feed_that_nobody_names_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FULFILLMENT_BASE_URL", raising=False)
    Receiver("whsec_" + "A" * 32, "inbox", dispatch=False, load_entry_points=False).relay.close()
    (tmp_path / "own.toml").write_text(
        "[receiver]\ndata = 'inbox'\nfeed = true\n[sinks.a]\nkind = 'log'\n"
    )
    ended = dispatch("--config", "own.toml")
    assert ended.exit_code == 1
    assert "FULFILLMENT_BASE_URL" in ended.stderr
