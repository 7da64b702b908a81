"""Staff lists and ends the tokens that partners hold: contract, sections 1 and 7."""

from __future__ import annotations

import jwt
import pytest

from fulfillment_sdk.server.gateway.identity.tokens import LIFETIME
from tests.integration.gateway.parts import BASE, ORGANIZATION, STAFF, House

TOKENS = "/admin/api/tokens/"


def jti_of(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["jti"])


async def works(house: House, token: str) -> bool:
    answer = await house.get(f"{BASE}/subscriptions/", token=token)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def listed(house: House, **query: str) -> list[dict[str, object]]:
    answer = await house.get(TOKENS, token=STAFF, **query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_tokens_are_listed_without_the_tokens(house: House) -> None:
    token = await house.token()
    answer = await house.get(TOKENS, token=STAFF)
    (one,) = answer.json()["items"]
    assert one == {
        "jti": jti_of(token),
        "organization_id": await house.organization_id(),
        "state": "active",
        "email_id": one["email_id"],
        "issued_at": "2025-04-07T04:26:40.000000Z",
        "expires_at": "2026-04-07T04:26:40.000000Z",
        "revoked_at": None,
    }
    assert token.rpartition(".")[2] not in answer.text


async def test_they_are_paged_and_picked_by_organization_and_state(house: House) -> None:
    tokens = [await house.token(f"a{n}@example.org", f"Organization {n}") for n in range(3)]
    first = (await house.get(TOKENS, token=STAFF, limit="2")).json()
    rest = (await house.get(TOKENS, token=STAFF, limit="2", after=first["next"])).json()
    assert [one["jti"] for one in first["items"] + rest["items"]] == sorted(map(jti_of, tokens))
    assert rest["next"] is None
    second = await house.organization_id("Organization 1")
    assert [one["jti"] for one in await listed(house, organization_id=second)] == [
        jti_of(tokens[1])
    ]
    await house.post(f"{TOKENS}{jti_of(tokens[0])}/revoke/", token=STAFF)
    assert [one["jti"] for one in await listed(house, state="revoked")] == [jti_of(tokens[0])]
    assert len(await listed(house, state="active")) == 2
    house.clock.move(LIFETIME)
    assert {one["jti"] for one in await listed(house, state="expired")} == {
        jti_of(token) for token in tokens[1:]
    }
    assert await listed(house, state="active") == []


@pytest.mark.parametrize(
    "query", [{"state": "odd"}, {"limit": "0"}, {"organization_id": "\0"}, {"after": "\0"}]
)
async def test_a_query_that_means_nothing_is_refused(house: House, query: dict[str, str]) -> None:
    assert (await house.get(TOKENS, token=STAFF, **query)).status_code == 400


async def test_a_revoked_token_stops_at_once_and_no_other_does(house: House) -> None:
    first, second = await house.token(), await house.token()
    answer = await house.post(f"{TOKENS}{jti_of(first)}/revoke/", token=STAFF)
    assert (answer.status_code, answer.json()["state"]) == (200, "revoked")
    assert (await works(house, first), await works(house, second)) == (False, True)


async def test_revoking_it_again_changes_nothing(house: House) -> None:
    path = f"{TOKENS}{jti_of(await house.token())}/revoke/"
    before = (await house.post(path, token=STAFF)).json()
    house.clock.move(60)
    after = await house.post(path, token=STAFF)
    assert (after.status_code, after.json()) == (200, before)


async def test_all_tokens_of_an_organization_stop_and_a_new_one_can_be_had(house: House) -> None:
    tokens = [await house.token(), await house.token()]
    other = await house.token("other@example.org", "Another")
    path = f"/admin/api/organizations/{await house.organization_id()}/tokens/revoke/"
    assert (await house.post(path, token=STAFF)).json() == {"revoked": 2}
    assert (await house.post(path, token=STAFF)).json() == {"revoked": 0}
    assert [await works(house, token) for token in tokens] == [False, False]
    assert await works(house, other)
    house.clock.move(3600)
    assert await works(house, await house.token())


@pytest.mark.parametrize(
    "path", [f"{TOKENS}nothing/revoke/", "/admin/api/organizations/nothing/tokens/revoke/"]
)
async def test_what_is_not_there_is_a_404(house: House, path: str) -> None:
    answer = await house.post(path, token=STAFF)
    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


async def test_a_partners_token_neither_lists_nor_revokes(house: House) -> None:
    token = await house.token()
    organization_id = await house.organization_id(ORGANIZATION)
    answers = [
        await house.get(TOKENS, token=token),
        await house.post(f"{TOKENS}{jti_of(token)}/revoke/", token=token),
        await house.post(f"/admin/api/organizations/{organization_id}/tokens/revoke/", token=token),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert await works(house, token)
