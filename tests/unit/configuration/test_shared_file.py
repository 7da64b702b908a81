"""A server's keys and a receiver's tables stand in one file, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment_sdk.configuration.shared_file import SERVER_KEYS, TABLES, SharedFile
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration import sources
from fulfillment_sdk.server.configuration.options import OPTIONS

BOTH = """
port = 8001
trusted_proxies = ["10.0.0.7"]

[receiver]
data = "inbox"

[sinks.audit]
kind = "log"

[plugins.tracer]
enabled = false
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fulfillment.toml"
    path.write_text(BOTH)
    return path


def refused(file: Path, content: str) -> ConfigurationError:
    file.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        SharedFile.read(file)
    return caught.value


def test_a_receiver_takes_its_tables_and_leaves_a_servers_keys(file: Path) -> None:
    found = SharedFile.read(file)
    assert found.receiver == {"data": "inbox"}
    assert found.sinks == {"audit": {"kind": "log"}}
    assert found.plugins == {"tracer": {"enabled": False}}


def test_a_server_takes_its_keys_and_leaves_a_receivers_tables(file: Path) -> None:
    given = sources.read({}, {}, config=file)
    assert given.values == {"port": 8001, "trusted_proxies": ("10.0.0.7/32",)}


def test_the_keys_that_are_a_servers_are_those_that_it_reads() -> None:
    assert {option.name for option in OPTIONS} == SERVER_KEYS
    assert not SERVER_KEYS & TABLES


def test_there_are_no_tables_in_a_file_that_is_a_servers_alone(file: Path) -> None:
    file.write_text("port = 1\n")
    file.chmod(0o600)
    assert SharedFile.read(file) == SharedFile(file)


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        ("[sink.audit]\nkind = 'log'", "[sink]", "Did you mean sinks?"),
        ("[Receivers]\n", "[Receivers]", "Did you mean receiver?"),
        ("[zzz]\n", "[zzz]", "Known are: plugins, receiver, sinks."),
        ("databse_url = 'hush'", "databse_url", "Did you mean database_url?"),
        ("secrets = 'hush'", "secrets", "stands in the table [receiver]"),
    ],
)
def test_what_is_nobodys_is_named_with_the_nearest(
    content: str, message: str, remedy: str, file: Path
) -> None:
    error = refused(file, content)
    assert error.message.endswith(f"{file}: {message}")
    assert remedy in error.remedy
    assert "hush" not in str(error)


@pytest.mark.parametrize(
    ("content", "name", "remedy"),
    [
        ("receiver = 5", "receiver", 'Write a line [receiver], and under it data = "inbox"'),
        ("[[receiver]]\ndata = 'hush'", "receiver", "Write a line [receiver], and"),
        ("sinks = 'hush'", "sinks", "Write a line [sinks.NAME] for each sink, and under it kind ="),
        ("plugins = ['hush']", "plugins", "Write a line [plugins.NAME] for each plugin, and"),
    ],
)
def test_a_table_that_is_none_is_told_with_what_to_write(
    content: str, name: str, remedy: str, file: Path
) -> None:
    error = refused(file, content)
    assert error.message == f"{name} in {file} is no table"
    assert error.remedy.startswith(remedy)
    assert "hush" not in str(error)


def test_a_sink_that_is_no_table_is_named(file: Path) -> None:
    error = refused(file, "[sinks]\naudit = 'hush'")
    assert error.message == f"sinks.audit in {file} is no table"
    assert "hush" not in str(error)


def test_an_error_in_the_file_is_told_by_its_place_alone(file: Path) -> None:
    error = refused(file, '[receiver]\nsecrets = "hush\n')
    assert "can't be read as TOML: look at line 2, column " in error.message
    assert "hush" not in str(error)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file") as caught:
        SharedFile.read(tmp_path / "nowhere.toml")
    assert caught.value.remedy.startswith("Write it, or name another")


@pytest.mark.parametrize(("mode", "open_to_all"), [(0o644, True), (0o640, False), (0o600, False)])
def test_a_file_tells_whether_every_user_may_read_it(
    mode: int, open_to_all: bool, file: Path
) -> None:
    file.chmod(mode)
    assert SharedFile.read(file).open_to_all is open_to_all


def test_what_stands_in_the_file_shows_in_no_repr(file: Path) -> None:
    file.write_text("[receiver]\nsecrets = 'hush'\n[sinks.a]\npassword = 'hush'\n")
    assert "hush" not in repr(SharedFile.read(file))
