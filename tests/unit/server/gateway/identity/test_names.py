"""How names and addresses compare: contract, section 1."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.gateway.identity.names import (
    display_name,
    email_domain,
    email_key,
    name_key,
)


@pytest.mark.parametrize(
    "same",
    [
        "Hope Foundation",
        " hope   foundation ",
        "HOPE\tFOUNDATION",
        "Hope\u00a0Foundation",
        "\uff28ope Foundation",
        "Hope\u0000Foundation",
    ],
)
def test_these_are_one_name(same: str) -> None:
    assert name_key(same) == "hope foundation"


def test_case_folding_reaches_beyond_ascii() -> None:
    assert name_key("STRASSE") == name_key("straße")
    assert name_key("Café") == name_key("CAFE\u0301")


def test_a_name_is_shown_in_one_line_without_controls() -> None:
    assert display_name(" Hope\r\nFoundation\u200b\u0007 ") == "Hope Foundation"


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u200b", "\u0000"])
def test_a_name_of_blanks_is_empty(blank: str) -> None:
    assert name_key(blank) == ""


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("owner@example.org", "owner@example.org"),
        (" Owner@Example.ORG ", "owner@example.org"),
        ("\uff4fwner@example.org", "owner@example.org"),
        ("o'neil+cases@sub.example.org", "o'neil+cases@sub.example.org"),
        ("info@Bücher.example", "info@xn--bcher-kva.example"),
    ],
)
def test_an_address_has_one_form(text: str, key: str) -> None:
    assert email_key(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "owner",
        "owner@",
        "@example.org",
        "owner@localhost",
        "owner@127.0.0.1",
        "owner@[127.0.0.1]",
        "a b@example.org",
        "a@b@example.org",
        ".a@example.org",
        "a..b@example.org",
        "a@-b.org",
        "a@b..org",
        "a@example.org\r\nBcc: b@example.org",
        "a\u0000@example.org",
        "Owner <owner@example.org>",
        "\u00fcser@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + "b." * 130 + "org",
    ],
)
def test_what_is_no_address_has_none(text: str) -> None:
    assert email_key(text) is None


def test_an_address_has_a_domain() -> None:
    assert email_domain("owner@example.org") == "example.org"
