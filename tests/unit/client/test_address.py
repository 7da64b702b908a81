from __future__ import annotations

from typing import Any

import pytest

from fulfillment_sdk.client.address import base_url, token
from fulfillment_sdk.errors import ConfigurationError


def test_there_is_no_default_address() -> None:
    with pytest.raises(ConfigurationError) as raised:
        base_url(None, {})
    assert "FULFILLMENT_BASE_URL" in str(raised.value)
    assert "base_url=" in str(raised.value)


def test_a_blank_address_is_none() -> None:
    with pytest.raises(ConfigurationError):
        base_url("  ", {"FULFILLMENT_BASE_URL": "https://elsewhere.example"})


def test_the_environment_names_the_server() -> None:
    assert base_url(None, {"FULFILLMENT_BASE_URL": "https://g.example"}) == "https://g.example"


def test_an_address_that_is_given_wins_over_the_environment() -> None:
    environment = {"FULFILLMENT_BASE_URL": "https://g.example"}
    assert base_url("http://127.0.0.1:8000", environment) == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://g.example/", "https://g.example"),
        ("https://g.example/prefix/", "https://g.example/prefix"),
        ("https://g.example/api/webhook/webform/", "https://g.example"),
        ("https://g.example/p/api/webhook/webform", "https://g.example/p"),
        (" http://[::1]:8000 ", "http://[::1]:8000"),
    ],
)
def test_slashes_and_the_documented_path_are_cut_off(given: str, expected: str) -> None:
    assert base_url(given, {}) == expected


@pytest.mark.parametrize(
    "given",
    [
        "g.example",
        "ftp://g.example",
        "https://",
        "http://g.example:port",
        "http://[::1",
        "https://g.exam ple",
    ],
)
def test_what_is_no_web_address_is_refused(given: str) -> None:
    with pytest.raises(ConfigurationError):
        base_url(given, {})


@pytest.mark.parametrize(
    "given", ["https://user:s3cret@g.example", "https://g.example?token=s3cret", "https://g#s3cret"]
)
def test_an_address_with_a_secret_in_it_is_refused_without_an_echo(given: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        base_url(given, {})
    assert "s3cret" not in str(raised.value)


def test_a_token_is_taken_without_the_space_around_it() -> None:
    assert token(" abc.def.ghi\n") == "abc.def.ghi"


@pytest.mark.parametrize("given", [None, "", "  "])
def test_a_blank_token_is_none(given: str | None) -> None:
    assert token(given) is None


@pytest.mark.parametrize("given", ["abc\r\nX-Injected: 1", "abc def", "ключ"])
def test_a_token_that_no_header_can_carry_is_refused_without_an_echo(given: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        token(given)
    assert given not in str(raised.value)


@pytest.mark.parametrize("near", ["FULFILLMENT_BASEURL", "FULFILLMENT_BASE_URI"])
def test_a_variable_that_was_meant_to_be_the_address_is_named(near: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        base_url(None, {near: "https://g.example", "FULFILLMENT_TOKEN": "t"})
    assert f"({near} is set: was it meant to be FULFILLMENT_BASE_URL?)" in raised.value.remedy


def test_the_servers_variables_are_not_taken_for_misspelt_ones() -> None:
    beside = ("DATABASE_URL", "PUBLIC_URL", "PORTAL_URL", "GATEWAY_URL", "SMTP_URL")
    with pytest.raises(ConfigurationError) as raised:
        base_url(None, {f"FULFILLMENT_{name}": "https://g.example" for name in beside})
    assert "meant to be" not in raised.value.remedy


def test_what_is_no_text_is_told_by_its_type_and_without_an_echo() -> None:
    given: Any = b"s3cret"
    with pytest.raises(TypeError, match=r"^base_url must be a str, not bytes$"):
        base_url(given, {})
