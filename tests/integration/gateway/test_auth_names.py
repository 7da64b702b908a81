"""Who may act for which organization (contract, section 1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.gateway.auth_calls import REFUSED, fails
from tests.integration.gateway.parts import BASE, ORGANIZATION, OWNER, Clock, House, open_house


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
