"""Authentication: contract, section 1, over HTTP."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NoReturn

import httpx
import jwt
import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.server.gateway.mail.mailer import MailFailed
from tests.integration.gateway.parts import (
    BASE,
    CASE,
    ORGANIZATION,
    OWNER,
    STAFF,
    START,
    Clock,
    House,
    Post,
    StandInPortal,
    make_settings,
    open_house,
)

REQUEST, VERIFY, LEGACY = (
    f"{BASE}/auth/{name}/" for name in ("request-verification", "verify-otp", "token")
)
REFUSED = {"status": "error", "message": "Organization not authorized to access this resource"}


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def fails(message: str) -> dict[str, str]:
    return {"status": "error", "message": message}


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


async def test_another_mailbox_meets_the_answers_of_a_wrong_code(house: House) -> None:
    await house.token()
    answer = await house.ask(email="stranger@example.org")
    owners = await house.ask()
    assert answer.status_code == 200
    assert {**answer.json(), "email": OWNER} == owners.json()
    to, text = house.sent[-2]
    assert to == "stranger@example.org"
    assert "another one registered its name first" in text
    for _ in range(5):
        tried = await house.verify("123456", email="stranger@example.org")
        assert (tried.status_code, tried.json()) == (400, fails("Invalid verification code"))
    tried = await house.verify("123456", email="stranger@example.org")
    assert (tried.status_code, tried.json()) == (429, fails("Too many attempts"))


async def test_a_strangers_code_expires_as_any_other(house: House) -> None:
    await house.token()
    await house.ask(email="stranger@example.org")
    house.clock.move(600)
    answer = await house.verify("123456", email="stranger@example.org")
    assert answer.json() == fails("Verification has expired")


async def test_of_two_mailboxes_with_codes_for_a_new_name_the_first_one_gets_it(
    house: House,
) -> None:
    await house.ask(email="first@example.org")
    first = house.code()
    await house.ask(email="second@example.org")
    second = house.code()
    assert (await house.verify(second, email="second@example.org")).status_code == 200
    answer = await house.verify(first, email="first@example.org")
    assert (answer.status_code, answer.json()) == (400, fails("Invalid verification code"))


async def test_the_owner_lets_another_address_in_and_out_again(house: House) -> None:
    token = await house.token()
    added = await house.post(f"{BASE}/emails/", {"email": "Second@example.org"}, token=token)
    assert added.status_code == 201
    second = await house.token(email="second@example.org")
    assert (await house.get(f"{BASE}/subscriptions/", token=second)).status_code == 200
    listed = await house.get(f"{BASE}/emails/", token=token)
    assert [(one["email"], one["role"]) for one in listed.json()["items"]] == [
        (OWNER, "owner"),
        ("second@example.org", "member"),
    ]
    forbidden = await house.post(f"{BASE}/emails/", {"email": "x@example.org"}, token=second)
    assert forbidden.status_code == 403
    headers = {"Authorization": f"Bearer {token}"}
    removed = await house.http.delete(f"{BASE}/emails/{added.json()['id']}/", headers=headers)
    assert removed.status_code == 204
    assert (await house.get(f"{BASE}/subscriptions/", token=second)).status_code == 401
    await house.ask(email="second@example.org")
    assert "verification code is" not in house.last_mail()[1]


async def test_the_owners_own_address_stays(house: House) -> None:
    token = await house.token()
    own = (await house.get(f"{BASE}/emails/", token=token)).json()["items"][0]["id"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = await house.http.delete(f"{BASE}/emails/{own}/", headers=headers)
    assert answer.status_code == 409
    assert (await house.http.delete(f"{BASE}/emails/nope/", headers=headers)).status_code == 404


@pytest.mark.parametrize("email", [None, "", "nobody", 7])
async def test_an_address_to_add_must_be_one(house: House, email: object) -> None:
    answer = await house.post(f"{BASE}/emails/", {"email": email}, token=await house.token())
    assert answer.status_code == 400
    assert answer.json()["error"].endswith("field: email")


async def test_an_organization_has_at_most_a_hundred_addresses(house: House) -> None:
    token = await house.token()
    for number in range(99):
        body = {"email": f"a{number}@example.org"}
        assert (await house.post(f"{BASE}/emails/", body, token=token)).status_code == 201
    answer = await house.post(f"{BASE}/emails/", {"email": "b@example.org"}, token=token)
    assert answer.status_code == 409


async def test_adding_an_address_twice_changes_nothing(house: House) -> None:
    token = await house.token()
    first = await house.post(f"{BASE}/emails/", {"email": "b@example.org"}, token=token)
    again = await house.post(f"{BASE}/emails/", {"email": "B@example.org"}, token=token)
    assert first.json() == again.json()


async def test_a_new_organization_waits_for_approval(tmp_path: Path) -> None:
    async with open_house(tmp_path, registration="approval") as house:
        await house.ask()
        answer = await house.verify(house.code())
        assert answer.status_code == 403
        assert answer.json() == {**REFUSED, "detail": "Organization is awaiting approval"}
        assert (await house.verify(house.code())).status_code == 404
        approved = await house.act("approve")
        assert approved.json()["state"] == "active"
        assert await house.token()


async def test_only_listed_names_and_domains_may_register(tmp_path: Path) -> None:
    listed = ("Hope Foundation", "@trusted.example.org")
    async with open_house(tmp_path, registration="list", registration_list=listed) as house:
        assert await house.token(organization="HOPE foundation")
        assert await house.token(email="a@trusted.example.org", organization="Anything")
        answer = await house.ask(email="b@example.org", organization="Stranger")
        assert answer.status_code == 200
        assert "not on the list" in house.last_mail()[1]
        tried = await house.verify("123456", email="b@example.org", organization="Stranger")
        assert tried.json() == fails("Invalid verification code")


async def test_a_name_that_was_taken_off_the_list_meanwhile_is_refused(tmp_path: Path) -> None:
    clock = Clock()
    listed = (ORGANIZATION,)
    async with open_house(
        tmp_path, registration="list", registration_list=listed, clock=clock
    ) as house:
        await house.ask()
        code = house.code()
    async with open_house(tmp_path, registration="list", clock=clock) as house:
        assert (await house.verify(code)).json() == fails("Invalid verification code")


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


async def test_a_mail_server_that_fails_is_told_and_costs_nothing(tmp_path: Path) -> None:
    post = Post([])
    async with open_house(tmp_path, mailer=post, code_limits=(1, 1)) as house:
        post.failure = MailFailed("down")
        answer = await house.ask()
        assert answer.status_code == 502
        assert answer.json() == fails("Failed to send verification email")
        assert (await house.verify("123456")).status_code == 404
        post.failure = None
        assert (await house.ask()).status_code == 200


async def test_the_development_mailbox_shows_mails_newest_first(tmp_path: Path) -> None:
    async with open_house(tmp_path, dev=True) as house:
        await house.ask()
        house.clock.move(1)
        await house.ask(email="b@example.org")
        await house.ask()
        everything = (await house.get("/dev/mailbox/")).json()
        mine = (await house.get("/dev/mailbox/", to="OWNER@example.org")).json()
        assert [one["to"] for one in everything] == [OWNER, "b@example.org", OWNER]
        assert [one["sent_at"] for one in mine] == [
            "2025-04-07T04:26:41.000000Z",
            "2025-04-07T04:26:40.000000Z",
        ]
        assert sorted(mine[0]) == ["sent_at", "subject", "text", "to"]
        assert (await house.get("/dev/mailbox/", to="nobody")).json() == []


async def test_there_is_no_development_mailbox_without_dev(house: House) -> None:
    assert (await house.get("/dev/mailbox/")).status_code == 404


async def test_codes_and_addresses_are_neither_logged_nor_stored_in_the_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with open_house(tmp_path) as house:
            await house.ask()
            code = house.code()
            token = await house.token()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("gateway.db*"))
    for secret in (code, OWNER, token):
        assert secret not in caplog.text
        assert secret.encode() not in stored


async def test_every_answer_carries_the_features_and_a_request_id(house: House) -> None:
    answers = [
        await house.post(REQUEST, {}),
        await house.get(REQUEST),
        await house.post(f"{BASE}/"),
        await house.get(f"{BASE}/nothing/here/"),
        await house.post("/gateway/notifications/", {}),
        await house.get("/admin/api/organizations/", token=STAFF),
        await house.ask(),
    ]
    assert [one.status_code for one in answers] == [400, 405, 401, 404, 401, 200, 200]
    for answer in answers:
        features = answer.headers["Fulfillment-Features"].split(", ")
        assert {"idempotency", "subscriptions", "reports"} <= set(features)
        assert answer.headers["X-Request-Id"]


async def test_a_wrong_method_is_a_405_that_names_the_right_ones(house: House) -> None:
    answer = await house.get(f"{BASE}/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_a_gateway_that_does_not_run_answers_503(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert house.gateway.problems() == []
        await house.gateway.stop()
        assert house.gateway.problems() == ["gateway: not running"]
        answer = await house.ask()
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1


async def test_a_store_that_fails_makes_the_gateway_unready_and_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = house.gateway.context.live
    assert live is not None

    def full(_work: object) -> NoReturn:
        raise StoreUnavailable("The disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(live.store, "write", full)
        answer = await house.ask()
        await live.pulse.feel()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert house.sent == []
    assert house.gateway.problems() == ["gateway: The disk is full"]
    await live.pulse.feel()
    assert house.gateway.problems() == []
    assert await house.token()


async def test_too_large_an_authentication_body_is_refused(house: House) -> None:
    answer = await house.http.post(REQUEST, content=b'{"email":"' + b"x" * 70_000 + b'"}')
    told = {"status": "error", "message": "Request body too large"}
    assert (answer.status_code, answer.json()) == (413, told)


async def test_a_clock_handed_in_is_the_one_that_counts(
    tmp_path: Path, portal: StandInPortal
) -> None:
    async with open_house(tmp_path, clock=Clock(START + 5), portal_url=portal.url) as house:
        answer: httpx.Response = await house.ask()
        assert answer.json()["expires_at"] == "2025-04-07T04:36:45.000000Z"
        assert house.settings == make_settings(tmp_path, portal_url=portal.url)
