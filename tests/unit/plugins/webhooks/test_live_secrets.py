"""Which of an endpoint's secrets sign, and until when (contract, section 5)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.plugins.webhooks.live_secrets import LiveSecret, read_secrets, write_secrets


@pytest.mark.parametrize("value", [None, "whsec_a", {"secret": "whsec_a"}, 7, []])
def test_what_is_no_list_has_no_secret(value: object) -> None:
    assert read_secrets(value) == ()


def test_a_text_is_a_secret_without_an_end() -> None:
    assert read_secrets(["whsec_a"]) == (LiveSecret("whsec_a", None),)


@pytest.mark.parametrize("until", ["soon", True, [9]])
def test_one_whose_end_cannot_be_read_can_not_sign(until: object) -> None:
    assert read_secrets([{"secret": "whsec_a", "until": until}]) == (LiveSecret("", None),)


def test_what_is_written_is_read_back() -> None:
    secrets = (LiveSecret("whsec_b"), LiveSecret("whsec_a", 9.5))
    assert read_secrets(write_secrets(secrets)) == secrets


def test_a_secret_signs_until_its_end_and_not_at_it() -> None:
    old = LiveSecret("whsec_a", 10.0)
    assert old.signs(9.999)
    assert not old.signs(10.0)
    assert LiveSecret("whsec_b").signs(1e12)


def test_no_secret_is_shown() -> None:
    assert "whsec_a" not in repr(read_secrets(["whsec_a"]))
