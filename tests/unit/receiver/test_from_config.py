"""A receiver is made of `fulfillment.toml`, and what is wrong in there is named."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.client import Client
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins import Host, hookimpl
from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.from_file import FromFile, ReceiverSettings
from fulfillment_sdk.relay import RetryPolicy
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import NOW, SECRET, Box, Inbox, signed

KEYS = "k:" + "A" * 43 + "="


@attrs.frozen
class ClockSettings:
    """What the table of this plugin may say."""

    zone: str = "UTC"
    key: Secret | None = None


class ClockPlugin:
    name = "clock"
    Settings = ClockSettings

    def __init__(self) -> None:
        self.told: Box[object] = Box()

    @hookimpl
    def fulfillment_startup(self, host: Host) -> None:
        self.told.put(host.settings)


CLOCK = ClockPlugin()
NAMED = f'plugins = ["{__name__}:CLOCK"]\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FULFILLMENT_WEBHOOK_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "fulfillment.toml"


def write(file: Path, receiver: str = "", rest: str = "", *, mode: int = 0o600) -> Path:
    file.write_text(f'port = 8001\n[receiver]\ndata = "inbox"\n{receiver}\n{rest}\n')
    file.chmod(mode)
    return file


def test_it_takes_in_what_its_file_says_and_passes_it_on(file: Path) -> None:
    rest = '[sinks.audit]\nkind = "jsonl"\npath = "audit.jsonl"\n[plugins.clock]\nzone = "CET"\n'
    write(file, NAMED, rest)
    inbox = Inbox()
    with Receiver.from_config(plugins=[inbox], clock=lambda: NOW) as receiver:
        body = status_changed()
        assert receiver.destinations == ("inbox", "audit")
        assert receiver.handle("POST", signed(body), body).status == 202
        assert inbox.take().id == "evt_1"
        assert CLOCK.told.take() == ClockSettings("CET")
    assert (file.parent / "inbox" / "receiver.db").is_file()
    assert '"evt_1"' in (file.parent / "audit.jsonl").read_text()


@pytest.fixture
def server_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", "https://gateway.example.org")
    monkeypatch.setenv("FULFILLMENT_TOKEN", "token")


@pytest.mark.usefixtures("server_named")
def test_every_setting_reaches_the_receiver(file: Path) -> None:
    write(
        file,
        f"""
secrets = ["{SECRET}"]
storage_keys = "{KEYS}"
installed_plugins = false
retry = [0, 60]
retention = 86400
dispatch = true
window = 5
filtered = true
opening = 1.5
feed = true
""",
        '[sinks.audit]\nkind = "log"\n[plugins.clock]\nenabled = false\n',
    )
    found = FromFile.read(file).arguments(["another"])
    assert isinstance(found.pop("feed"), Client)
    assert found == {
        "secrets": [SECRET],
        "data": "inbox",
        "plugins": ["another"],
        "sinks": {"audit": {"kind": "log"}},
        "plugin_settings": {"clock": {"enabled": False}},
        "load_entry_points": False,
        "storage_keys": KEYS,
        "policy": RetryPolicy((0, 60)),
        "dispatch": True,
        "retention": 86400.0,
        "window": 5.0,
        "filtered": True,
        "opening": 1.5,
    }


def test_there_is_no_setting_that_nothing_comes_of(file: Path) -> None:
    keys = {field.name for field in attrs.fields(ReceiverSettings)}
    renamed = {"installed_plugins": "load_entry_points", "retry": "policy"}
    taken = FromFile.read(write(file)).arguments().keys()
    assert {renamed.get(key, key) for key in keys} | {"sinks", "plugin_settings"} == taken


def test_arguments_count_in_place_of_what_the_file_says(file: Path) -> None:
    write(file, "dispatch = true")
    receiver = Receiver.from_config(file, data=file.parent / "other", load_entry_points=False)
    with receiver:
        assert (file.parent / "other" / "receiver.db").is_file()
    assert not (file.parent / "inbox").exists()


def test_who_does_not_dispatch_removes_nothing_and_the_file_may_say_when(file: Path) -> None:
    write(file, "retention = 60\ndispatch = false")
    assert FromFile.read(file).arguments()["retention"] is None
    assert FromFile.read(file).settings.retention == 60.0
    Receiver.from_config(file)


def test_who_does_not_dispatch_asks_no_feed_and_the_file_may_say_so(file: Path) -> None:
    write(file, "feed = true\ndispatch = false")
    assert FromFile.read(file).arguments()["feed"] is None
    Receiver.from_config(file)


def test_a_feed_that_nobody_names_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FULFILLMENT_BASE_URL", raising=False)
    with pytest.raises(ConfigurationError, match="FULFILLMENT_BASE_URL"):
        Receiver.from_config(write(file, "feed = true"))


def test_what_an_argument_replaces_is_not_looked_up(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FULFILLMENT_WEBHOOK_SECRET")
    monkeypatch.delenv("FULFILLMENT_BASE_URL", raising=False)
    write(file, 'secrets = {env = "NOT_HERE"}\nfeed = true')
    Receiver.from_config(file, secrets=SECRET, feed=lambda case_id: ())


def test_who_is_told_not_to_dispatch_leaves_out_what_dispatching_takes(file: Path) -> None:
    Receiver.from_config(write(file, "retention = 60\nfeed = true"), dispatch=False)


@pytest.mark.parametrize("key", ["window", "opening"])
@pytest.mark.parametrize("seconds", ["-1", "nan", "inf"])
def test_a_number_of_seconds_that_is_none_is_refused(key: str, seconds: str, file: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"The receiver's {key} is no number of seconds"):
        Receiver.from_config(write(file, f"{key} = {seconds}"))


@pytest.mark.parametrize(
    ("said", "secrets"),
    [
        ("", (SECRET,)),
        ('secrets = "one two"', ("one", "two")),
        ('secrets = ["one", {env = "FULFILLMENT_WEBHOOK_SECRET"}]', ("one", SECRET)),
        ('secrets = {env = "FULFILLMENT_WEBHOOK_SECRET"}', (SECRET,)),
        ('secrets = {file = "both"}', ("three", "four")),
    ],
)
def test_secrets_are_in_the_file_or_where_it_says_or_in_the_environment(
    said: str, secrets: tuple[str, ...], file: Path
) -> None:
    (file.parent / "both").write_text("three\nfour\n")
    assert FromFile.read(write(file, said)).settings.live_secrets() == secrets


def test_secrets_that_it_has_in_a_file_may_change_while_it_runs(file: Path) -> None:
    now, newer = [NOW], signing.new_secret()
    kept = file.parent / "kept"
    kept.write_text(SECRET)
    receiver = Receiver.from_config(write(file, 'secrets = {file = "kept"}'), clock=lambda: now[0])

    with receiver:
        kept.write_text(f"{newer}\n{SECRET}\n")
        now[0] += 1
        body = status_changed()
        assert receiver.handle("POST", signed(body, at=now[0], secret=newer), body).status == 202
        assert [one.count for one in receiver.secret_uses()] == [1, 0]


def test_a_database_s_url_may_be_kept_elsewhere(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INBOX", "postgresql://me:hush@host/inbox")
    file.write_text('[receiver]\ndata = {env = "INBOX"}\n')
    settings = FromFile.read(file).settings
    assert settings.data == "postgresql://me:hush@host/inbox"
    assert "hush" not in repr(settings)


def test_a_dispatcher_needs_no_webhook_secret(file: Path) -> None:
    write(file, 'secrets = {env = "NOT_THERE"}')
    assert FromFile.read(file, accepts=False).settings.data == "inbox"
    with pytest.raises(ConfigurationError, match="no environment variable NOT_THERE"):
        FromFile.read(file)


@pytest.mark.parametrize(
    ("receiver", "rest", "message", "remedy"),
    [
        ("retension = 5", "", "receiver has an unknown key, retension", "Did you mean retention?"),
        ("retry = [-1]", "", "receiver.retry: A retry policy's schedule needs", "Correct"),
        ("dispatch = 'no'", "", "receiver.dispatch must be true or false", "Correct"),
        ("plugins = ['nowhere:x']", "", "The plugin nowhere:x can't be loaded", "receiver.plugins"),
        ("", "[plugins.clok]\n", "plugins.clok: there is no such plugin", "plugins list"),
        (
            NAMED,
            "[plugins.clock]\nzon = 'x'",
            "plugins.clock has an unknown key, zon",
            "mean zone?",
        ),
        ("", "[sinks.a]\nkind = 'lug'", "sinks.a names an unknown kind of sink, lug", "mean log?"),
        (
            "",
            "[sinks.a]\nkind = 'log'\nlevl = 3",
            "sinks.a has an unknown key, levl",
            "mean level?",
        ),
        ("", "[sink.a]\n", "Unknown table in", "Did you mean sinks?"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    receiver: str, rest: str, message: str, remedy: str, file: Path
) -> None:
    write(file, receiver, rest)
    with pytest.raises(ConfigurationError) as caught:
        Receiver.from_config(file)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


def test_without_any_secret_it_says_where_one_is_looked_for(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FULFILLMENT_WEBHOOK_SECRET")
    with pytest.raises(ConfigurationError, match="receiver has no secrets") as caught:
        Receiver.from_config(write(file))
    assert "Set receiver.secrets or FULFILLMENT_WEBHOOK_SECRET" in caught.value.remedy


def test_a_file_without_a_receiver_says_what_to_write(file: Path) -> None:
    file.write_text("port = 8001\n")
    with pytest.raises(ConfigurationError, match=r"fulfillment\.toml has no table \[receiver\]"):
        Receiver.from_config()


CLEAR = f'secrets = ["{SECRET}"]\n{NAMED}'
KEPT = """
[sinks.chat]
kind = "email"
server = "smtp://desk@127.0.0.1:2"
password = "hush"
sender = "a@example.org"
to = ["b@example.org"]
[plugins.clock]
key = "hush"
"""


def test_secrets_that_every_user_may_read_are_warned_of_by_their_names(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Receiver.from_config(write(file, CLEAR, KEPT, mode=0o644))
    (said,) = [line for line in caplog.messages if "secrets in it" in line]
    assert ": receiver.secrets[0], sinks.chat.password, plugins.clock.key. Run chmod 640" in said
    assert "hush" not in said
    assert SECRET not in said


@pytest.mark.parametrize(("receiver", "mode"), [(CLEAR, 0o640), (NAMED, 0o644)])
def test_a_closed_file_and_one_without_secrets_are_fine(
    receiver: str, mode: int, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Receiver.from_config(write(file, receiver, '[sinks.a]\nkind = "log"\n', mode=mode))
    assert "secrets in it" not in caplog.text
