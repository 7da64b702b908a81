"""Every setting of section 7: what it changes, which source wins, and what its errors hide."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Final

import attrs
import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration import options, sources
from fulfillment_sdk.server.configuration.resolve import resolve
from fulfillment_sdk.server.configuration.secrets import SecretFolder
from fulfillment_sdk.server.configuration.settings import Settings

HUSH: Final = "hush"
KEY: Final = base64.b64encode(b"k" * 32).decode()
SECRETS: Final = (
    signing.new_secret(lambda size: b"a" * size),
    signing.new_secret(lambda size: b"b" * size),
)

# Setting -> a text that is right, what it comes to, and a text that is wrong.
EVERY: Final[dict[str, tuple[str, object, str]]] = {
    "host": ("127.0.0.7", "127.0.0.7", ""),
    "port": ("0", 8123, f"80{HUSH}"),
    "data": ("kept here", "kept here", ""),
    "role": ("all", "all", HUSH),
    "database_url": (
        f"postgresql://u:{HUSH}@db.example/name",
        f"postgresql+psycopg://u:{HUSH}@db.example/name",
        f"mysql://u:{HUSH}@db.example/name",
    ),
    "staff_token": ("staff-staff-staff-staff", "staff-staff-staff-staff", HUSH),
    "public_url": ("https://in.example/", "https://in.example", f"https://u:{HUSH}@in.example"),
    "portal_url": ("http://portal.example", "http://portal.example", f"ftp://{HUSH}"),
    "gateway_url": ("http://gateway.example", "http://gateway.example", f"//{HUSH}"),
    "intake_token": ("intake-intake-intake", "intake-intake-intake", HUSH),
    "notify_secrets": (" ".join(SECRETS), SECRETS, f"whsec_{HUSH}"),
    "jwt_keys": (f"n:{KEY},o:{KEY}", (("n", b"k" * 32), ("o", b"k" * 32)), f"{HUSH}:{HUSH}"),
    "storage_keys": (f"n:{KEY}", (("n", b"k" * 32),), f"n:{KEY}{HUSH}"),
    "smtp_url": (
        f"smtp://u:{HUSH}@mail.example:587",
        f"smtp://u:{HUSH}@mail.example:587",
        f"mailto:{HUSH}@mail.example",
    ),
    "mail_from": ("Cases <cases@in.example>", "Cases <cases@in.example>", f"a\n{HUSH}"),
    "registration": ("list", "list", HUSH),
    "registration_list": ("Hope, @in.example", ("Hope", "@in.example"), ""),
    "legacy_tokens": ("1", True, HUSH),
    "trusted_proxies": ("10.0.0.7,fd00::/8", ("10.0.0.7/32", "fd00::/8"), f"{HUSH}.example"),
    "retry_schedule": ("0,0.5", (0.0, 0.5), f"0,{HUSH}"),
    "notify_backoff": ("0.5:8", (0.5, 8.0), f"1:{HUSH}"),
    "acceptance_timeout": ("0.25", 0.25, f"1{HUSH}"),
    "rework_timeout": ("7", 7.0, f"1{HUSH}"),
    "case_rate": ("9", 9, f"1{HUSH}"),
    "code_limits": ("2,3", (2, 3), f"1,{HUSH}"),
    "log_format": ("json", "json", HUSH),
    "event_retention": ("90.5", 90.5, f"1{HUSH}"),
    "call_rate": ("11", 11, f"1{HUSH}"),
    "subscription_limit": ("3", 3, f"1{HUSH}"),
}
ALONE: Final = {"registration": {"FULFILLMENT_REGISTRATION_LIST": "Hope"}}
BASE: Final = {
    "FULFILLMENT_PUBLIC_URL": "https://base.example",
    "FULFILLMENT_SMTP_URL": "smtp://base.example",
    "FULFILLMENT_MAIL_FROM": "base@base.example",
}


def settings(folder: Path, environ: dict[str, str], config: Path | None = None) -> Settings:
    """Resolve settings without `--dev`; the port is always bound to 8123."""
    fallback = {
        name: text
        for name, text in (BASE | {"FULFILLMENT_DATA": str(folder)}).items()
        if config is None or name.removeprefix("FULFILLMENT_").lower() not in config.read_text()
    }
    given = sources.read({}, fallback | environ, config=config, folder=folder)
    return resolve(given, port=8123, kept=SecretFolder(folder))


def variable(name: str) -> str:
    return options.BY_NAME[name].variable


def test_the_table_here_is_the_whole_table() -> None:
    assert EVERY.keys() == options.BY_NAME.keys()
    assert EVERY.keys() | {"dev"} == {field.name for field in attrs.fields(Settings)}


@pytest.mark.parametrize("name", EVERY)
def test_a_variable_changes_its_own_setting_and_no_other(tmp_path: Path, name: str) -> None:
    text, expected, _ = EVERY[name]
    aside = ALONE.get(name, {})
    if name == "data":
        text = expected = str(tmp_path / text)
        expected = Path(text)
    before = attrs.asdict(settings(tmp_path, aside), recurse=False)
    after = attrs.asdict(settings(tmp_path, aside | {variable(name): text}), recurse=False)
    assert after[name] == expected
    if name == "port":
        assert options.PORT.parse(text) == 0
        return
    changed = {key for key in after if after[key] != before[key]}
    # An address that is not given follows from the host; `all` is the role that holds anyhow.
    implied = {"host": {"host", "gateway_url", "portal_url"}, "role": set[str]()}
    assert changed == implied.get(name, {name})


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("data", "port", "role")])
def test_a_key_of_the_file_does_the_same_and_a_variable_beats_it(tmp_path: Path, name: str) -> None:
    text, expected, _ = EVERY[name]
    file = tmp_path / "s.toml"
    file.write_text(f"{name} = {json.dumps(text)}\n")
    aside = ALONE.get(name, {})
    assert getattr(settings(tmp_path, aside, file), name) == expected
    # An error of the variable shows that it is the one that is read, whatever the file says.
    bad = EVERY[name][2]
    if bad:
        with pytest.raises(ConfigurationError, match=variable(name)):
            settings(tmp_path, aside | {variable(name): bad}, file)


@pytest.mark.parametrize("name", [option.name for option in options.OPTIONS if option.flag])
def test_a_flag_beats_the_variable_and_the_file(tmp_path: Path, name: str) -> None:
    first, second, third = {
        "host": ("127.0.0.1", "127.0.0.2", "127.0.0.3"),
        "port": ("1", "2", "3"),
        "data": ("one", "two", "three"),
        "role": ("gateway", "portal", "all"),
    }[name]
    option, file = options.BY_NAME[name], tmp_path / "s.toml"
    file.write_text(f"{name} = {json.dumps(third)}\n")
    flag, environ = {name: first}, {option.variable: second}
    assert str(sources.read(flag, environ, config=file).get(option)) == first
    assert str(sources.read({name: None}, environ, config=file).get(option)) == second
    assert str(sources.read({}, {}, config=file).get(option)) == third


@pytest.mark.parametrize("where", ["variable", "file"])
@pytest.mark.parametrize("name", [name for name, row in EVERY.items() if row[2]])
def test_what_cannot_be_read_is_named_and_not_repeated(
    tmp_path: Path, name: str, where: str
) -> None:
    bad, file = EVERY[name][2], tmp_path / "s.toml"
    file.write_text(f"{name} = {json.dumps(bad)}\n" if where == "file" else "")
    environ = {variable(name): bad} if where == "variable" else {}
    with pytest.raises(ConfigurationError) as refused:
        sources.read({}, environ, config=file)
    assert (variable(name) if where == "variable" else f"{name} in {file}") in str(refused.value)
    assert options.BY_NAME[name].about in refused.value.remedy
    assert HUSH not in str(refused.value)


@pytest.mark.parametrize("name", EVERY)
def test_a_misspelt_one_is_an_error_that_names_it_as_the_nearest(tmp_path: Path, name: str) -> None:
    misspelt, file = name[:-1] + "x" + name[-1], tmp_path / "s.toml"
    file.write_text(f'{misspelt} = "{HUSH}"\n')
    with pytest.raises(ConfigurationError) as in_the_file:
        sources.read({}, {}, config=file)
    with pytest.raises(ConfigurationError) as in_a_variable:
        sources.read({}, {f"FULFILLMENT_{misspelt.upper()}": HUSH}, folder=tmp_path)
    assert in_the_file.value.remedy == f"Did you mean {name}?"
    assert in_a_variable.value.remedy == f"Did you mean {variable(name)}?"
    assert HUSH not in f"{in_the_file.value}{in_a_variable.value}"


def test_an_unknown_table_of_the_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(f'[rolle]\nx = "{HUSH}"\n')
    with pytest.raises(ConfigurationError, match="rolle") as refused:
        sources.read({}, {}, config=file)
    assert "take the line [rolle] out" in refused.value.remedy
    assert HUSH not in str(refused.value)
