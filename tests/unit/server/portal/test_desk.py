"""Ids and tokens."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.portal.desk import new_id, new_token, token_hash
from fulfillment_sdk.server.portal.staff import Member


def test_ids_carry_their_kind_and_never_repeat() -> None:
    made = {new_id("evt") for _ in range(1000)}
    assert len(made) == 1000
    assert all(each.startswith("evt_") for each in made)


def test_tokens_never_repeat_and_their_hash_does_not_show_them() -> None:
    token = new_token()
    assert token != new_token()
    assert token_hash(token) == token_hash(token)
    assert token not in token_hash(token)


def test_a_member_of_staff_has_a_role_that_exists() -> None:
    with pytest.raises(ValueError, match="role"):
        Member(id="stf_1", role="partner")
