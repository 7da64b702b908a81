"""How settings are written (contract, section 7)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from fulfillment_sdk.server.configuration import options, parsing
from fulfillment_sdk.server.configuration.parsing import Raw

KEY = base64.b64encode(b"k" * 32).decode()
SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
OTHER = "whsec_" + base64.b64encode(b"t" * 64).decode()


@pytest.mark.parametrize(
    ("parse", "raw", "expected"),
    [
        (parsing.text, "  127.0.0.1 ", "127.0.0.1"),
        (parsing.path, "some/folder", Path("some/folder")),
        (parsing.path, "~/folder", Path.home() / "folder"),
        (parsing.boolean, "1", True),
        (parsing.boolean, "Yes", True),
        (parsing.boolean, "0", False),
        (parsing.boolean, "off", False),
        (parsing.whole(least=0, most=65535), "0", 0),
        (parsing.whole(least=0, most=65535), " 65535 ", 65535),
        (parsing.choice(("all", "portal")), "portal", "portal"),
        (parsing.seconds, "0.05", 0.05),
        (parsing.seconds, "1800", 1800.0),
        (parsing.duration, "0.05", 0.05),
        (parsing.schedule, "0,0.5, 30", (0.0, 0.5, 30.0)),
        (parsing.schedule, ("0", "5"), (0.0, 5.0)),
        (parsing.backoff, "0.1:2", (0.1, 2.0)),
        (parsing.backoff, "5:5", (5.0, 5.0)),
        (parsing.pair, "5,20", (5, 20)),
        (parsing.items, "a, b ,,c", ("a", "b", "c")),
        (parsing.items, ("Hope, Inc.", "b.example"), ("Hope, Inc.", "b.example")),
        (parsing.networks, "10.0.0.7,10.1.2.3/16,::1", ("10.0.0.7/32", "10.1.0.0/16", "::1/128")),
        (parsing.address, "https://gateway.example/", "https://gateway.example"),
        (parsing.address, "http://[::1]:8000/base/", "http://[::1]:8000/base"),
        (parsing.smtp, "smtps://u:p@mail.example:465", "smtps://u:p@mail.example:465"),
        (
            parsing.database,
            "postgres://u:p@h/name?sslmode=require",
            "postgresql+psycopg://u:p@h/name?sslmode=require",
        ),
        (
            parsing.database,
            "postgresql:///name?host=/run/pg",
            "postgresql+psycopg:///name?host=/run/pg",
        ),
        (parsing.secrets, f"{SECRET}  {OTHER}", (SECRET, OTHER)),
        (
            parsing.keys(least=32, most=32),
            f"b:{KEY}, a:{KEY}",
            (("b", b"k" * 32), ("a", b"k" * 32)),
        ),
        (parsing.token, "t" * 16, "t" * 16),
    ],
)
def test_a_setting_is_read(parse: Callable[[Raw], object], raw: Raw, expected: object) -> None:
    assert parse(raw) == expected


@pytest.mark.parametrize(
    ("parse", "raw"),
    [
        (parsing.text, "  "),
        (parsing.text, "two\nlines"),
        (parsing.text, ("a", "list")),
        (parsing.boolean, "perhaps"),
        (parsing.boolean, ("1",)),
        (parsing.whole(least=1), "0"),
        (parsing.whole(least=1), "-1"),
        (parsing.whole(least=1), "1.5"),
        (parsing.whole(least=1), "9" * 5000),
        (parsing.whole(least=1), "٣"),
        (parsing.choice(("all", "portal")), "both"),
        (parsing.choice(("all", "portal")), ("all",)),
        (parsing.seconds, "nan"),
        (parsing.seconds, "1e9"),
        (parsing.seconds, "-1"),
        (parsing.duration, "0"),
        (parsing.duration, "0.0"),
        (parsing.duration, "-1"),
        (parsing.schedule, ""),
        (parsing.schedule, "0,soon"),
        (parsing.backoff, "60"),
        (parsing.backoff, "0:60"),
        (parsing.backoff, "60:1"),
        (parsing.backoff, ("1", "60")),
        (parsing.pair, "5"),
        (parsing.pair, "5,0"),
        (parsing.networks, "proxy.example"),
        (parsing.address, "partner.example"),
        (parsing.address, "ftp://gateway.example"),
        (parsing.address, "https://user@gateway.example"),
        (parsing.address, "https://gateway.example/?a=b"),
        (parsing.address, "https://gateway.example:port"),
        (parsing.smtp, "mail.example:25"),
        (parsing.database, "sqlite:///here.db"),
        (parsing.sender, "no address"),
        (parsing.sender, "Cases <>"),
        (parsing.database, "mysql://h/name"),
        (parsing.database, "postgresql://user:forgotten/name"),
        (parsing.database, "postgresql://user:pass@host:forgotten/name"),
        (parsing.secrets, ""),
        (parsing.secrets, "whsec_dG9vIHNob3J0"),
        (parsing.secrets, SECRET.removeprefix("whsec_")),
        (parsing.keys(least=32, most=32), ""),
        (parsing.keys(least=32, most=32), KEY),
        (parsing.keys(least=32, most=32), "a:dG9vIHNob3J0"),
        (parsing.keys(least=32, most=32), f"a:{KEY},a:{KEY}"),
        (parsing.token, "short"),
        (parsing.token, "with a space in the middle"),
    ],
)
def test_what_cannot_be_read_is_refused_without_repeating_it(
    parse: Callable[[Raw], object], raw: Raw
) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        parse(raw)
    shown = " ".join(raw) if isinstance(raw, tuple) else raw
    assert len(shown.strip()) < 6 or shown not in str(refused.value)


def test_the_defaults_are_the_contracts() -> None:
    first, rest = options.RETRY_SCHEDULE.default[:5], options.RETRY_SCHEDULE.default[5:]
    assert list(first) == [0, 5, 30, 120, 600]
    assert list(rest) == [1800, 3600, 10800, 21600, 43200]
    assert list(options.NOTIFY_BACKOFF.default) == [1, 60]
    assert options.ACCEPTANCE_TIMEOUT.default == options.REWORK_TIMEOUT.default == 1800
    assert options.CODE_LIMITS.default == (5, 20)
    assert options.HOST.default == "127.0.0.1"
    assert options.PORT.default == 8000


def test_no_secret_can_be_given_as_a_flag() -> None:
    # Flags stand in process lists.
    assert {option.name for option in options.OPTIONS if option.flag} == {
        *("host", "port", "data", "role"),
    }


def test_every_setting_says_what_it_is_for() -> None:
    assert all(len(option.about) > 10 for option in options.OPTIONS)
    assert len(options.BY_NAME) == len(options.OPTIONS)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_names_are_joined_for_a_sentence(names: list[str], sentence: str) -> None:
    assert parsing.joined(names) == sentence
