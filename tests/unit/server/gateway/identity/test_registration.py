"""Who may have a code for which organisation: contract, section 1."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.configuration.settings import Registration
from fulfillment_sdk.server.gateway.identity.registration import Entitlement, Rules, entitlement
from fulfillment_sdk.server.gateway.mail.letters import letter

LISTED = ("Hope Foundation", "@trusted.example", "partner.example")


@pytest.mark.parametrize(
    ("registration", "email", "key", "known", "verdict"),
    [
        ("open", "a@x.org", "hope", None, "founder"),
        ("approval", "a@x.org", "hope", None, "founder"),
        ("open", "a@x.org", "hope", ["a@x.org"], "member"),
        ("open", "b@x.org", "hope", ["a@x.org"], "not_owner"),
        ("open", "b@x.org", "hope", [], "not_owner"),
        ("list", "a@x.org", "hope", None, "not_listed"),
        ("list", "a@x.org", "hope foundation", None, "founder"),
        ("list", "a@trusted.example", "anything", None, "founder"),
        ("list", "a@partner.example", "anything", None, "founder"),
        ("list", "a@sub.partner.example", "anything", None, "not_listed"),
        ("list", "a@x.org", "hope", ["a@x.org"], "member"),
        ("list", "a@trusted.example", "hope", ["a@x.org"], "not_owner"),
    ],
)
def test_entitlement(
    registration: Registration, email: str, key: str, known: list[str] | None, verdict: str
) -> None:
    assert entitlement(Rules.of(registration, LISTED), email, key, known) == verdict


@pytest.mark.parametrize(
    ("registration", "state"), [("approval", "pending"), ("list", "active"), ("open", "active")]
)
def test_a_new_organization_begins(registration: Registration, state: str) -> None:
    assert Rules.of(registration, ()).first_state == state


@pytest.mark.parametrize(
    ("verdict", "told"),
    [("member", True), ("founder", True), ("not_owner", False), ("not_listed", False)],
)
def test_only_the_entitled_are_told_the_code(verdict: Entitlement, told: bool) -> None:
    written = letter(verdict, name="Hope", code="123456")
    assert ("123456" in written.text) is told
    assert "123456" not in written.subject
    assert "123456" not in repr(written)
    assert "Hope" in written.text


def test_a_long_name_is_cut_in_a_mail() -> None:
    written = letter("member", name="x" * 200, code="123456")
    assert "x" * 80 not in written.text
    assert "x" * 79 + "…" in written.text
