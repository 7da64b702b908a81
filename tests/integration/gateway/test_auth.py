"""Codes by e-mail, to the letter (contract, section 1)."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from tests.integration.gateway.auth_calls import REQUEST, VERIFY, fails, wrong
from tests.integration.gateway.parts import ORGANIZATION, OWNER, Clock, House, open_house


async def test_a_code_is_mailed_and_the_answer_echoes_the_address(house: House) -> None:
    answer = await house.post(
        REQUEST, {"email": "Owner@Example.org", "organization_name": ORGANIZATION}
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "success",
        "message": "Verification code sent to provided email",
        "email": "Owner@Example.org",
        "expires_at": "2025-04-07T04:36:40.000000Z",
    }
    to, text = house.last_mail()
    assert to == OWNER
    assert house.code() in text


async def test_a_right_code_gives_a_token_that_names_the_organization(house: House) -> None:
    await house.ask()
    answer = await house.verify(house.code())
    body = answer.json()
    assert answer.status_code == 200
    assert body["status"] == "success"
    assert body["message"] == "Email verified successfully"
    assert body["expires"] == "2026-04-07T04:26:40.000000Z"
    assert list(body) == ["status", "message", "token", "organization_id", "expires"]
    header = jwt.get_unverified_header(body["token"])
    claims = jwt.decode(body["token"], options={"verify_signature": False})
    assert header == {"alg": "HS256", "typ": "JWT", "kid": "k1"}
    assert sorted(claims) == ["exp", "iat", "jti", "org_id", "org_name"]
    assert claims["org_id"] == body["organization_id"]
    assert claims["org_name"] == ORGANIZATION
    assert claims["exp"] - claims["iat"] == 365 * 86_400


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (REQUEST, {"email": OWNER}, 400, "Email and organization name are required"),
        (REQUEST, {"organization_name": "x"}, 400, "Email and organization name are required"),
        (
            REQUEST,
            {"email": " ", "organization_name": "x"},
            400,
            "Email and organization name are required",
        ),
        (
            REQUEST,
            {"email": None, "organization_name": ["x"]},
            400,
            "Email and organization name are required",
        ),
        (REQUEST, {"email": "no address", "organization_name": "x"}, 400, "Invalid email address"),
        (REQUEST, {"email": "a@b", "organization_name": "x"}, 400, "Invalid email address"),
        (
            REQUEST,
            {"email": OWNER, "organization_name": "x" * 300},
            400,
            "Invalid organization name",
        ),
        (
            VERIFY,
            {"email": OWNER, "organization_name": "x"},
            400,
            "Email, OTP, and organization name are required",
        ),
        (VERIFY, {}, 400, "Email, OTP, and organization name are required"),
        (
            VERIFY,
            {"email": "x", "otp": "123456", "organization_name": "x"},
            400,
            "Invalid email address",
        ),
        (
            VERIFY,
            {"email": OWNER, "otp": "123456", "organization_name": "x"},
            404,
            "No pending verification found for this email",
        ),
    ],
)
async def test_what_is_missing_or_malformed_is_named(
    house: House, path: str, body: object, status: int, message: str
) -> None:
    answer = await house.post(path, body)
    assert (answer.status_code, answer.json()) == (status, fails(message))


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b'{"email":"a","email":"b"}', b"\xff"])
@pytest.mark.parametrize("path", [REQUEST, VERIFY])
async def test_a_body_that_is_no_json_object_is_refused(
    house: House, path: str, body: bytes
) -> None:
    answer = await house.http.post(path, content=body)
    assert (answer.status_code, answer.json()) == (400, fails("Invalid JSON in request body"))


async def test_a_code_works_at_nine_minutes_fifty_nine(house: House) -> None:
    await house.ask()
    house.clock.move(599)
    assert (await house.verify(house.code())).status_code == 200


async def test_a_code_has_expired_at_ten_minutes(house: House) -> None:
    await house.ask()
    house.clock.move(600)
    answer = await house.verify(house.code())
    assert (answer.status_code, answer.json()) == (400, fails("Verification has expired"))


async def test_a_code_may_be_written_as_a_number_and_with_blanks_around(house: House) -> None:
    for write in (int, lambda code: f" {code} "):
        house.codes.append("654321")
        await house.ask()
        answer = await house.post(
            VERIFY, {"email": OWNER, "otp": write("654321"), "organization_name": ORGANIZATION}
        )
        assert answer.status_code == 200


async def test_a_used_code_is_no_longer_pending(house: House) -> None:
    await house.ask()
    code = house.code()
    assert (await house.verify(code)).status_code == 200
    answer = await house.verify(code)
    assert answer.status_code == 404
    assert answer.json() == fails("No pending verification found for this email")


async def test_a_new_code_voids_the_older_one(house: House) -> None:
    await house.ask()
    older = house.code()
    await house.ask()
    assert older != house.code()
    answer = await house.verify(older)
    assert (answer.status_code, answer.json()) == (400, fails("Invalid verification code"))
    assert (await house.verify(house.code())).status_code == 200


async def test_a_code_belongs_to_one_organization_and_one_address(house: House) -> None:
    await house.ask()
    code = house.code()
    assert (await house.verify(code, organization="Another")).status_code == 404
    assert (await house.verify(code, email="other@example.org")).status_code == 404
    assert (await house.verify(code)).status_code == 200


async def test_names_and_addresses_compare_after_normalisation(house: House) -> None:
    await house.ask("Owner@Example.ORG", "  Hope\u00a0  FOUNDATION ")
    answer = await house.verify(house.code(), "owner@example.org", "hope foundation")
    assert answer.status_code == 200
    again = await house.token("OWNER@example.org", "\uff28ope Foundation")
    first, second = (
        jwt.decode(token, options={"verify_signature": False})
        for token in (answer.json()["token"], again)
    )
    assert first["org_id"] == second["org_id"]


async def test_after_five_wrong_tries_the_right_code_is_refused_until_a_new_one(
    house: House,
) -> None:
    await house.ask()
    code = house.code()
    for _ in range(5):
        assert (await house.verify(wrong(code))).json() == fails("Invalid verification code")
    answer = await house.verify(code)
    assert (answer.status_code, answer.json()) == (429, fails("Too many attempts"))
    assert answer.headers["Retry-After"] == "600"
    house.clock.move(700)
    assert (await house.verify(code)).status_code == 429
    await house.ask()
    assert (await house.verify(house.code())).status_code == 200


async def test_mails_that_were_counted_by_a_clock_far_ahead_keep_nobody_out(house: House) -> None:
    house.clock.move(30 * 86400)
    for number in range(5):
        assert (await house.ask(organization=f"Organization {number}")).status_code == 200
    house.clock.move(-30 * 86400)
    assert (await house.ask()).status_code == 200


async def test_the_sixth_mail_to_one_address_within_an_hour_is_refused(house: House) -> None:
    for number in range(5):
        assert (await house.ask(organization=f"Organization {number}")).status_code == 200
    house.clock.move(1800)
    answer = await house.ask(organization="One more")
    assert (answer.status_code, answer.json()) == (429, fails("Too many attempts"))
    assert answer.headers["Retry-After"] == "1800"
    assert len(house.sent) == 5
    assert (await house.ask(email="other@example.org")).status_code == 200
    house.clock.move(1800)
    assert (await house.ask()).status_code == 200


async def test_one_caller_gets_twenty_codes_an_hour(house: House) -> None:
    for number in range(20):
        assert (await house.ask(email=f"a{number}@example.org")).status_code == 200
    answer = await house.ask(email="a20@example.org")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")


async def test_the_limits_are_settings_and_survive_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, clock=clock, code_limits=(1, 2)) as house:
        assert (await house.ask()).status_code == 200
    async with open_house(tmp_path, clock=clock, code_limits=(1, 2)) as house:
        assert (await house.ask()).status_code == 429
        assert (await house.ask(email="b@example.org")).status_code == 200
        assert (await house.ask(email="c@example.org")).status_code == 429
