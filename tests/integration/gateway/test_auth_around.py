"""What is around authentication: mail that fails, what is kept, what every answer has."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.server.gateway.mail.mailer import MailFailed
from tests.integration.gateway.auth_calls import REQUEST, fails
from tests.integration.gateway.parts import (
    BASE,
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
