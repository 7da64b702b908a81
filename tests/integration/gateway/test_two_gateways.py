"""Two gateways on one PostgreSQL database, both at work at the same moment."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import sqlalchemy as sa
from aiohttp import web

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.databases import store_url
from fulfillment_sdk.server.gateway import create_gateway
from fulfillment_sdk.server.gateway.housekeeping import sweep
from fulfillment_sdk.server.gateway.identity import codes, issued, organizations
from fulfillment_sdk.server.gateway.identity.verification import Grant, Pair, legacy
from fulfillment_sdk.server.gateway.mail import notices
from fulfillment_sdk.server.gateway.mail.notices import tell_owners
from fulfillment_sdk.store.engine import make_engine
from tests.integration.gateway.parts import (
    BASE,
    CASE,
    ORGANIZATION,
    OWNER,
    Clock,
    House,
    Post,
    StandInPortal,
    json_answer,
    make_settings,
    open_house,
)
from tests.postgres import new_database, server

Two = tuple[House, House]


@pytest.fixture
def database_url() -> Iterator[str]:
    url = new_database()
    yield url
    server().drop_database(url)


class Slot(Post):
    """A mailer whose notices wait until they are let go."""

    def __init__(self) -> None:
        super().__init__([])
        self.entered, self.go_on = asyncio.Event(), asyncio.Event()

    async def send(self, *, to: str, subject: str, text: str) -> None:
        if "disabled" in subject:
            self.entered.set()
            await self.go_on.wait()
        await super().send(to=to, subject=subject, text=text)


@pytest.fixture
def slot() -> Slot:
    return Slot()


async def turn(_seconds: float) -> None:
    """A short pause, in which the other gateway gets on."""
    await asyncio.sleep(0.02)


@pytest.fixture
async def two(
    tmp_path: Path, portal: StandInPortal, database_url: str, slot: Slot
) -> AsyncIterator[Two]:
    """Return two gateways that share a database; their clocks differ by half a minute."""
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(
                open_house(
                    tmp_path / name,
                    clock=clock,
                    sleep=turn,
                    mailer=slot,
                    portal_url=portal.url,
                    database_url=database_url,
                    dev=True,
                )
            )
            for name, clock in (("one", Clock()), ("other", Clock(Clock().now - 30.0)))
        ]
        yield one, other


def tally(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def test_both_start_at_one_moment_on_an_empty_database(
    tmp_path: Path, database_url: str
) -> None:
    settings = [make_settings(tmp_path / name, database_url=database_url) for name in "ab"]
    gateways = [create_gateway(each) for each in settings]
    await asyncio.gather(*(gateway.start() for gateway in gateways))
    found = [gateway.problems() for gateway in gateways]
    await asyncio.gather(*(gateway.stop() for gateway in gateways))
    assert found == [[], []]


async def test_a_token_of_one_is_good_at_the_other_until_it_is_revoked_at_either(
    two: Two,
) -> None:
    token = await two[0].token()
    assert (await two[1].get(f"{BASE}/subscriptions/", token=token)).status_code == 200
    assert (await two[0].post(f"{BASE}/auth/revoke/", token=token)).status_code == 200
    assert (await two[1].get(f"{BASE}/subscriptions/", token=token)).status_code == 401


async def test_one_key_at_both_at_once_makes_one_case(two: Two, portal: StandInPortal) -> None:
    token = await two[0].token()
    for key in ("k1", "k2", "k3"):
        answers = await asyncio.gather(
            *(two[n % 2].post(f"{BASE}/", CASE, token=token, Idempotency_Key=key) for n in range(8))
        )
        assert tally(answers) == {201: 8}
        assert len({answer.content for answer in answers}) == 1
    assert len(portal.cases) == 3


async def test_a_case_that_is_refused_at_both_at_once_is_refused_to_all(
    two: Two, portal: StandInPortal
) -> None:
    refusal = {"error": "Invalid value for field: attachments_case[0].attachment_id"}
    portal.intake = json_answer(refusal, 400)
    token = await two[0].token()
    bodies = [{**CASE, "src_uid": f"uid-{n % 3}"} for n in range(12)]
    answers = await asyncio.gather(
        *(
            two[n % 2].post(f"{BASE}/", body, token=token, Idempotency_Key=f"key-{n % 3}")
            for n, body in enumerate(bodies)
        )
    )
    assert tally(answers) == {400: 12}


async def test_a_reservation_is_kept_for_its_time_however_the_clocks_differ(
    two: Two, portal: StandInPortal
) -> None:
    came, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(request: web.Request) -> web.StreamResponse:
        came.set()
        await go_on.wait()
        return await portal.create(request)

    portal.intake = slowly
    token = await two[1].token()  # by the clock that is behind
    first = asyncio.create_task(two[0].post(f"{BASE}/", CASE, token=token, Idempotency_Key="k"))
    await came.wait()
    second = await two[1].post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
    assert second.status_code == 503
    assert len(portal.intakes) == 1
    go_on.set()
    assert (await first).status_code == 201


async def test_no_more_than_five_mails_leave_both_together(two: Two, slot: Slot) -> None:
    answers = await asyncio.gather(*(two[n % 2].ask() for n in range(12)))
    assert tally(answers) == {200: 5, 429: 7}
    assert len(slot.sent) == 5


async def test_no_more_than_five_guesses_are_taken_at_both_together(two: Two) -> None:
    await two[0].ask()
    wrong = "000000" if two[0].code() != "000000" else "000001"
    answers = await asyncio.gather(*(two[n % 2].verify(wrong) for n in range(12)))
    assert tally(answers) == {400: 5, 429: 7}


async def test_a_code_is_exchanged_once(two: Two) -> None:
    await two[0].ask()
    code = two[0].code()
    answers = await asyncio.gather(*(two[n % 2].verify(code) for n in range(6)))
    assert tally(answers) == {200: 1, 404: 5}


async def test_a_name_that_is_registered_at_both_at_once_is_one_organization(two: Two) -> None:
    body = {"organization_name": ORGANIZATION, "organization_email": OWNER}
    answers = await asyncio.gather(
        *(two[n % 2].post(f"{BASE}/auth/token/", body) for n in range(6))
    )
    assert tally(answers) == {200: 6}
    assert len({answer.json()["organization_id"] for answer in answers}) == 1


async def test_an_address_that_is_added_at_both_at_once_is_there_once(two: Two) -> None:
    token = await two[0].token()
    body = {"email": "desk@example.org"}
    answers = await asyncio.gather(
        *(two[n % 2].post(f"{BASE}/emails/", body, token=token) for n in range(6))
    )
    assert tally(answers) == {201: 6}
    assert len({answer.json()["id"] for answer in answers}) == 1
    listed = (await two[1].get(f"{BASE}/emails/", token=token)).json()["items"]
    assert sorted(item["email"] for item in listed) == ["desk@example.org", OWNER]


async def test_a_token_that_is_issued_while_its_address_is_removed_is_revoked_with_it(
    two: Two, database_url: str
) -> None:
    token = await two[0].token()
    added = await two[0].post(f"{BASE}/emails/", {"email": "desk@example.org"}, token=token)
    engine = make_engine(store_url(two[0].settings, "gateway"), readonly=False)
    pair = Pair.of("desk@example.org", ORGANIZATION)
    try:
        with engine.connect() as issuing:
            granted = legacy(issuing, two[0].gateway.context, pair)
            assert isinstance(granted, Grant)
            # The other transaction has to wait: it removes what this one relies on.
            removing = asyncio.create_task(
                two[1].http.delete(
                    f"{BASE}/emails/{added.json()['id']}/",
                    headers={"Authorization": f"Bearer {token}"},
                )
            )
            await asyncio.to_thread(_until_somebody_waits, database_url)
            issuing.commit()
        assert (await removing).status_code == 204
        with engine.connect() as connection:
            assert issued.is_revoked(connection, granted.claims.jti)
    finally:
        engine.dispose()


def gone_for(owner: str) -> Destination:
    """Return an organisation's subscription whose endpoint is gone."""
    return Destination(
        "sub_1",
        "webhook",
        settings={"url": "https://partner.example.org/", "secrets": [], "description": ""},
        owner=owner,
        enabled=False,
        disabled_why="HTTP 410",
    )


async def test_of_two_gateways_one_tells_the_owner(two: Two, slot: Slot) -> None:
    await two[0].token()
    one, other = (house.gateway.context for house in two)
    gone = gone_for(await two[0].organization_id())
    await one.store.write(lambda connection: one.relay.put_destination(connection, gone))
    first = asyncio.create_task(tell_owners(one))
    await slot.entered.wait()
    assert await tell_owners(other) == 0
    slot.go_on.set()
    assert await first == 1
    assert await tell_owners(other) == 0
    assert [to for to, text in slot.sent if "was disabled" in text] == [OWNER]


async def test_what_the_other_told_since_the_look_is_not_told_again(
    two: Two, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two[0].token()
    one, other = (house.gateway.context for house in two)
    gone = gone_for(await two[0].organization_id())
    await one.store.write(lambda connection: one.relay.put_destination(connection, gone))
    slot.go_on.set()
    assert await tell_owners(one) == 1
    late = [notices.Notice(gone, (OWNER,))]
    monkeypatch.setattr(notices, "_due", lambda _connection, _context: late)
    assert await tell_owners(other) == 0
    assert [to for to, text in slot.sent if "was disabled" in text] == [OWNER]


async def test_sweeping_leaves_alone_what_is_renewed_at_this_moment(two: Two) -> None:
    engine = make_engine(store_url(two[0].settings, "gateway"), readonly=False)
    try:
        with engine.begin() as connection:
            codes.issue(connection, "a pair", b"old", 0.0)
        with engine.connect() as renewing, engine.connect() as sweeping:
            codes.issue(renewing, "a pair", b"new", 1e9)
            sweep(sweeping, 1e9)
            sweeping.commit()
            renewing.commit()
        with engine.connect() as connection:
            pending = codes.find(connection, "a pair")
    finally:
        engine.dispose()
    assert pending is not None
    assert pending.code == b"new"


async def test_who_approves_and_who_deactivates_come_one_after_the_other(two: Two) -> None:
    await two[0].token()
    organization_id = await two[0].organization_id()
    engine = make_engine(store_url(two[0].settings, "gateway"), readonly=False)
    seen: list[str] = []

    def look_too() -> None:
        with engine.begin() as connection:
            found = organizations.lock(connection, organization_id)
            assert found is not None
            seen.append(found.state)

    try:
        with engine.connect() as connection:
            organizations.lock(connection, organization_id)
            organizations.set_state(connection, organization_id, "deactivated", now=1.0)
            thread = threading.Thread(target=look_too)
            thread.start()
            assert two[0].settings.database_url is not None
            _until_somebody_waits(two[0].settings.database_url)
            connection.commit()
        thread.join()
    finally:
        engine.dispose()
    assert seen == ["deactivated"]


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"jwt_keys": (("k1", b"x" * 32),)}, "FULFILLMENT_JWT_KEYS"),
        ({"jwt_keys": (("k2", b"x" * 32), ("k1", b"j" * 32))}, "FULFILLMENT_JWT_KEYS"),
        ({"storage_keys": (("s1", b"x" * 32),)}, "FULFILLMENT_STORAGE_KEYS"),
    ],
)
async def test_a_gateway_whose_keys_do_not_fit_is_not_started(
    two: Two, tmp_path: Path, change: dict[str, Any], variable: str
) -> None:
    settings = attrs.evolve(two[0].settings, data=tmp_path / "third", **change)
    third = create_gateway(settings)
    with pytest.raises(ConfigurationError) as told:
        await third.start()
    assert variable in str(told.value)
    assert "x" * 32 not in str(told.value)
    assert third.problems() == ["gateway: not running"]


async def test_a_key_is_changed_behind_first_and_then_in_front(two: Two, tmp_path: Path) -> None:
    old, new = ("k1", b"j" * 32), ("k2", b"x" * 32)
    behind = attrs.evolve(two[0].settings, data=tmp_path / "third", jwt_keys=(old, new))
    third = create_gateway(behind)
    await third.start()
    await third.stop()
    assert third.problems() == ["gateway: not running"]


async def test_keys_may_be_replaced_once_all_others_have_ended(
    tmp_path: Path, database_url: str
) -> None:
    for secret in (b"a" * 32, b"b" * 32):
        settings = make_settings(tmp_path, database_url=database_url, jwt_keys=(("k", secret),))
        gateway = create_gateway(settings)
        await gateway.start()
        assert gateway.problems() == []
        await gateway.stop()


async def test_storage_keys_that_open_nothing_of_what_is_there_are_refused(
    tmp_path: Path, portal: StandInPortal, database_url: str
) -> None:
    async with open_house(tmp_path, portal_url=portal.url, database_url=database_url) as house:
        await house.token()
    settings = attrs.evolve(house.settings, storage_keys=(("s1", b"x" * 32),))
    with pytest.raises(StoreError) as told:
        await create_gateway(settings).start()
    assert "FULFILLMENT_STORAGE_KEYS" in str(told.value)


def _until_somebody_waits(database_url: str) -> None:
    """Return once a transaction of the database waits for another one."""
    engine = make_engine(database_url, readonly=True)
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    try:
        for _ in range(2000):
            with engine.connect() as connection:
                if connection.execute(waiting).scalar_one():
                    return
    finally:
        engine.dispose()
    raise AssertionError("nobody waits")
