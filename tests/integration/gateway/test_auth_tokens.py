"""How long a token counts, and who gets one without a code (contract, section 1)."""

from __future__ import annotations

import logging
from pathlib import Path

import jwt
import pytest

from tests.integration.gateway.auth_calls import LEGACY, REFUSED, fails, wrong
from tests.integration.gateway.parts import BASE, CASE, ORGANIZATION, OWNER, House, open_house


async def test_a_deactivated_organization_is_refused_after_a_right_code_only(house: House) -> None:
    await house.token()
    await house.act("deactivate")
    await house.ask()
    assert (await house.verify(wrong(house.code()))).status_code == 400
    answer = await house.verify(house.code())
    assert answer.status_code == 403
    assert answer.json() == {**REFUSED, "detail": "Organization access has been revoked"}


async def test_deactivation_stops_tokens_at_once_and_activation_brings_them_back(
    house: House,
) -> None:
    token = await house.token()
    await house.act("deactivate")
    answer = await house.post(f"{BASE}/", CASE, token=token)
    assert answer.status_code == 403
    assert answer.json() == {**REFUSED, "detail": "Organization access has been revoked"}
    await house.act("activate")
    assert (await house.post(f"{BASE}/", CASE, token=token)).status_code == 201


async def test_a_revoked_token_stops_at_once_and_its_sisters_do_not(house: House) -> None:
    token, other = await house.token(), await house.token()
    answer = await house.post(f"{BASE}/auth/revoke/", token=token)
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "success", "message": "Token revoked"},
    )
    assert (await house.post(f"{BASE}/auth/revoke/", token=token)).status_code == 401
    assert (await house.get(f"{BASE}/subscriptions/", token=other)).status_code == 200


async def test_a_token_that_was_never_recorded_here_can_be_revoked(house: House) -> None:
    token = await house.token()
    claims = jwt.decode(token, options={"verify_signature": False})
    twin = jwt.encode({**claims, "jti": "x"}, b"j" * 32, "HS256", headers={"kid": "k1"})
    assert (await house.post(f"{BASE}/auth/revoke/", token=twin)).status_code == 200
    assert (await house.get(f"{BASE}/subscriptions/", token=twin)).status_code == 401
    assert (await house.get(f"{BASE}/subscriptions/", token=token)).status_code == 200


async def test_a_token_ends_after_a_year(house: House) -> None:
    token = await house.token()
    house.clock.move(365 * 86_400 - 1)
    assert (await house.get(f"{BASE}/subscriptions/", token=token)).status_code == 200
    house.clock.move(1)
    assert (await house.get(f"{BASE}/subscriptions/", token=token)).status_code == 401


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x.y.z", "Basic eA==", "Bearer a b", "Token x"]
)
async def test_every_bearer_call_refuses_what_is_no_token(house: House, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    calls = [
        ("POST", f"{BASE}/"),
        ("POST", BASE),
        ("POST", f"{BASE}/auth/revoke/"),
        ("GET", f"{BASE}/subscriptions/"),
        ("POST", f"{BASE}/subscriptions/"),
        ("DELETE", f"{BASE}/subscriptions/sub_1/"),
        ("GET", f"{BASE}/cases/case_1/report/"),
        ("GET", f"{BASE}/emails/"),
        ("GET", "/admin/api/organizations/"),
        ("POST", "/admin/api/organizations/x/approve/"),
        ("GET", "/admin/api/deliveries/"),
        ("POST", "/admin/api/deliveries/x/replay/"),
    ]
    for method, path in calls:
        answer = await house.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()) == (
            401,
            fails("Invalid or expired authentication token"),
        )
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_tokens_of_a_retired_key_still_count_and_those_of_a_removed_one_do_not(
    tmp_path: Path,
) -> None:
    old, new = ("old", b"o" * 32), ("new", b"n" * 32)
    async with open_house(tmp_path, jwt_keys=(old,)) as house:
        token = await house.token()
    async with open_house(tmp_path, jwt_keys=(new, old)) as house:
        assert (await house.get(f"{BASE}/subscriptions/", token=token)).status_code == 200
        fresh = await house.token()
        assert jwt.get_unverified_header(fresh)["kid"] == "new"
    async with open_house(tmp_path, jwt_keys=(new,)) as house:
        assert (await house.get(f"{BASE}/subscriptions/", token=token)).status_code == 401
        assert (await house.get(f"{BASE}/subscriptions/", token=fresh)).status_code == 200


async def test_addresses_survive_a_rotation_of_the_storage_keys(tmp_path: Path) -> None:
    old, new = ("s1", b"1" * 32), ("s2", b"2" * 32)
    async with open_house(tmp_path, storage_keys=(old,)) as house:
        await house.token()
    async with open_house(tmp_path, storage_keys=(new, old)) as house:
        assert await house.token()
        await house.ask(email="stranger@example.org")
        assert "verification code is" not in house.last_mail()[1]


async def test_the_legacy_call_is_off_by_default(house: House) -> None:
    body = {"organization_name": ORGANIZATION, "organization_email": OWNER}
    assert (await house.post(LEGACY, body)).status_code == 404


async def test_the_legacy_call_needs_an_organization_whose_name_and_address_match(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path, legacy_tokens=True) as house:
        body = {"organization_name": ORGANIZATION, "organization_email": OWNER}
        refused = await house.post(LEGACY, body)
        assert (refused.status_code, refused.json()) == (403, REFUSED)
        await house.token()
        with caplog.at_level(logging.WARNING):
            answer = await house.post(LEGACY, body)
        assert answer.status_code == 200
        assert answer.json()["message"] == "Authentication token generated successfully."
        assert list(answer.json()) == ["status", "message", "token", "organization_id", "expires"]
        assert "legacy" in caplog.text
        stranger = {**body, "organization_email": "stranger@example.org"}
        assert (await house.post(LEGACY, stranger)).status_code == 403
        missing = await house.post(LEGACY, {"organization_name": "x"})
        assert missing.json() == fails("Email and organization name are required")
        await house.act("deactivate")
        assert (await house.post(LEGACY, body)).status_code == 403


async def test_guessing_at_the_legacy_call_is_slowed_down(tmp_path: Path) -> None:
    async with open_house(tmp_path, legacy_tokens=True) as house:
        body = {"organization_name": ORGANIZATION, "organization_email": OWNER}
        for _ in range(20):
            assert (await house.post(LEGACY, body)).status_code == 403
        answer = await house.post(LEGACY, body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")


async def test_the_legacy_call_registers_with_dev(tmp_path: Path) -> None:
    async with open_house(tmp_path, dev=True) as house:
        body = {"organization_name": "CPMIS System", "organization_email": "admin@cpmis.org"}
        first, second = await house.post(LEGACY, body), await house.post(LEGACY, body)
        assert first.json()["organization_id"] == second.json()["organization_id"]
        taken = {**body, "organization_email": "other@cpmis.org"}
        assert (await house.post(LEGACY, taken)).status_code == 403
