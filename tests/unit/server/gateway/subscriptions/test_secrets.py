"""How a new secret takes over from the old one: contract, section 5."""

from __future__ import annotations

import pytest

from fulfillment_sdk.plugins.webhooks.live_secrets import LiveSecret
from fulfillment_sdk.server.gateway.subscriptions.secrets import GRACE, old_until, rotated

NOW = 1_744_000_000.0
A, B, C, D = "whsec_a", "whsec_b", "whsec_c", "whsec_d"


def test_both_sign_and_the_old_one_ends_in_24_hours() -> None:
    secrets = rotated([LiveSecret(A)], B, now=NOW)
    assert secrets == (LiveSecret(B), LiveSecret(A, NOW + 86_400.0))
    assert old_until(secrets, now=NOW) == NOW + 86_400.0


def test_a_second_rotation_does_not_put_the_first_secrets_end_off() -> None:
    secrets = rotated(rotated([LiveSecret(A)], B, now=NOW), C, now=NOW + 60)
    assert secrets == (
        LiveSecret(C),
        LiveSecret(B, NOW + 60 + GRACE),
        LiveSecret(A, NOW + GRACE),
    )
    assert old_until(secrets, now=NOW + 60) == NOW + 60 + GRACE


def test_a_third_one_within_the_day_ends_the_oldest() -> None:
    secrets: tuple[LiveSecret, ...] = (LiveSecret(A),)
    for new in (B, C, D):
        secrets = rotated(secrets, new, now=NOW)
    assert [one.secret for one in secrets] == [D, C, B]


def test_what_has_ended_is_let_go() -> None:
    secrets = rotated(rotated([LiveSecret(A)], B, now=NOW), C, now=NOW + GRACE)
    assert [one.secret for one in secrets] == [C, B]


@pytest.mark.parametrize("later", [0.0, 3600.0])
def test_the_secret_that_is_the_newest_already_changes_nothing(later: float) -> None:
    once = rotated([LiveSecret(A)], B, now=NOW)
    assert rotated(once, B, now=NOW + later) == once
    assert rotated([LiveSecret(A)], A, now=NOW) == (LiveSecret(A),)


def test_an_old_secret_may_come_back_and_then_has_no_end() -> None:
    once = rotated([LiveSecret(A)], B, now=NOW)
    assert rotated(once, A, now=NOW) == (LiveSecret(A), LiveSecret(B, NOW + GRACE))


def test_once_the_old_ones_have_ended_nothing_is_told_of_them() -> None:
    secrets = rotated([LiveSecret(A)], B, now=NOW)
    assert old_until(secrets, now=NOW + GRACE) is None
    assert old_until([LiveSecret(A)], now=NOW) is None
