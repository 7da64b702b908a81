"""A number with a fraction is no text, although it is read as one so that it stays exact."""

from __future__ import annotations

import pytest

from tests.integration.gateway.parts import BASE, House

FRACTION = b"2.5"


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("request-verification", b'{"email":"a@example.org","organization_name":%s}'),
        ("verify-otp", b'{"email":"a@example.org","organization_name":"A","otp":%s}'),
    ],
)
async def test_it_names_no_organization_and_is_no_code(
    house: House, call: str, body: bytes
) -> None:
    answer = await house.http.post(f"{BASE}/auth/{call}/", content=body % FRACTION)
    assert answer.status_code == 400
    assert answer.json()["message"].endswith("required")


async def test_it_describes_no_subscription(house: House) -> None:
    body = b'{"url":"https://partner.example/","description":%s}' % FRACTION
    headers = {"Authorization": f"Bearer {await house.token()}"}
    answer = await house.http.post(f"{BASE}/subscriptions/", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "Invalid value for field: description"},
    )
