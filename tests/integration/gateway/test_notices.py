"""A subscription that was disabled is not passed over in silence: contract, section 4."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.gateway.mail import notices
from fulfillment_sdk.server.gateway.mail.mailer import MailFailed, MailRefused
from fulfillment_sdk.server.gateway.mail.notices import tell_owners
from tests.integration.gateway.parts import BASE, OWNER, House, Post, open_house
from tests.integration.gateway.test_subscriptions import (
    Partner,
    eventually,
    notification,
    notify,
    open_partner,
    subscribe,
)


class Slot(Post):
    """A mailer that says when something was handed in."""

    def __init__(self) -> None:
        super().__init__([])
        self.came = asyncio.Event()

    async def send(self, *, to: str, subject: str, text: str) -> None:
        try:
            await super().send(to=to, subject=subject, text=text)
        finally:
            if subject == "Your webhook subscription was disabled":
                self.came.set()

    @property
    def notices(self) -> list[tuple[str, str]]:
        return [mail for mail in self.sent if "subscription was disabled" in mail[1]]


async def gone(house: House, partner: Partner) -> str:
    """Have a partner answer 410, and return the subscription's id."""
    token = await house.token()
    created = await subscribe(house, token, url=partner.url, description="our case desk")
    partner.statuses = [410]
    assert await notify(house, notification(await house.organization_id())) == 202
    await partner.next()
    return str(created["id"])


async def open_with(slot: Slot, house: House, partner: Partner) -> str:
    name = await gone(house, partner)
    async with asyncio.timeout(10):
        await slot.came.wait()
    return name


async def test_its_owner_gets_one_mail_that_names_it_and_the_cause(tmp_path: Path) -> None:
    slot = Slot()
    async with open_partner() as partner, open_house(tmp_path, dev=True, mailer=slot) as house:
        name = await open_with(slot, house, partner)
        context = house.gateway.context

        async def is_marked() -> bool:
            found = await context.store.read(lambda c: context.relay.get_destination(c, name))
            return found is not None and "told" in found.settings

        await eventually(is_marked)
        assert await tell_owners(context) == 0

    ((to, text),) = slot.notices
    assert to == OWNER
    assert name in text
    assert "HTTP 410" in text
    assert "our case desk" in text
    assert partner.url not in text


async def test_what_arrives_meanwhile_is_kept(tmp_path: Path) -> None:
    slot = Slot()
    async with open_partner() as partner, open_house(tmp_path, dev=True, mailer=slot) as house:
        await open_with(slot, house, partner)
        more = notification(await house.organization_id(), number=2)
        assert await notify(house, more, event_id="evt_2") == 202
        waiting = await house.gateway.context.relay.undelivered()

    assert [one.event_id for one in waiting] == ["evt_1", "evt_2"]
    assert partner.arrived.empty()


async def test_enabled_again_it_gets_what_was_kept(tmp_path: Path) -> None:
    slot = Slot()
    async with open_partner() as partner, open_house(tmp_path, dev=True, mailer=slot) as house:
        name = await open_with(slot, house, partner)
        answer = await house.http.patch(
            f"{BASE}/subscriptions/{name}/",
            json={"enabled": True},
            headers={"Authorization": f"Bearer {await house.token()}"},
        )
        assert answer.json()["enabled"] is True
        headers, _ = await partner.next()
        slot.came.clear()
        partner.statuses = [410]
        more = notification(await house.organization_id(), number=2)
        assert await notify(house, more, event_id="evt_2") == 202
        async with asyncio.timeout(10):
            await slot.came.wait()

    assert headers["webhook-id"] == "evt_1"
    assert len(slot.notices) == 2, "disabled anew, its owner is told anew"


async def test_where_the_mail_server_is_down_it_is_told_later(tmp_path: Path) -> None:
    slot = Slot()
    async with open_partner() as partner, open_house(tmp_path, dev=True, mailer=slot) as house:
        created = await subscribe(house, await house.token(), url=partner.url)
        partner.statuses = [410]
        slot.failure = MailFailed("down")
        assert await notify(house, notification(await house.organization_id())) == 202
        await partner.next()
        async with asyncio.timeout(10):
            await slot.came.wait()
        with pytest.raises(MailFailed):
            await tell_owners(house.gateway.context)
        assert slot.notices == []

        slot.failure = None
        assert await tell_owners(house.gateway.context) == 1

    assert str(created["id"]) in slot.notices[0][1]


async def test_a_fault_of_our_own_ends_no_looking_and_is_logged_by_its_kind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slot = Slot()
    async with open_partner() as partner, open_house(tmp_path, dev=True, mailer=slot) as house:
        created = await subscribe(house, await house.token(), url=partner.url)
        partner.statuses = [410]
        slot.failure = RuntimeError("hush")
        assert await notify(house, notification(await house.organization_id())) == 202
        async with asyncio.timeout(10):
            await slot.came.wait()
        slot.failure = None
        slot.came.clear()
        house.gateway.context.disabled.set()
        async with asyncio.timeout(10):
            await slot.came.wait()

    assert [str(created["id"]) in text for _, text in slot.notices] == [True]
    assert "RuntimeError" in caplog.text
    assert "hush" not in caplog.text


async def test_an_address_that_is_refused_keeps_nobody_else_from_being_told(tmp_path: Path) -> None:
    class Picky(Post):
        async def send(self, *, to: str, subject: str, text: str) -> None:
            if "sub_1" in text:
                raise MailRefused("refused")
            await super().send(to=to, subject=subject, text=text)

    async with open_house(tmp_path, dev=True, mailer=Picky([])) as house:
        await house.token()
        context, owner = house.gateway.context, await house.organization_id()
        for name in ("sub_1", "sub_2"):
            settings = {"url": "https://partner.example.org/", "secrets": [], "description": ""}
            gone = Destination(
                name,
                "webhook",
                settings=settings,
                owner=owner,
                enabled=False,
                disabled_why="HTTP 410",
            )
            await context.store.write(partial(context.relay.put_destination, destination=gone))
        with pytest.raises(MailRefused):
            await tell_owners(context)
        told = [text for _, text in house.sent if "was disabled" in text]
    assert ["sub_2" in text for text in told] == [True]


async def test_who_tells_goes_on_after_a_look_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Semaphore(0)

    async def look(_context: object) -> int:
        looked.release()
        raise sa.exc.ProgrammingError("statement", {}, Exception("what somebody wrote"))

    monkeypatch.setattr(notices, "tell_owners", look)
    async with open_house(tmp_path, dev=True) as house, asyncio.timeout(10):
        await looked.acquire()
        live = house.gateway.context.live
        assert live is not None
        live.disabled.set()
        await looked.acquire()


async def test_a_deactivated_organization_is_not_written_to(tmp_path: Path) -> None:
    slot = Slot()
    async with open_partner() as partner, open_house(tmp_path, dev=True, mailer=slot) as house:
        await subscribe(house, await house.token(), url=partner.url)
        await house.act("deactivate")
        assert await tell_owners(house.gateway.context) == 0

    assert slot.notices == []
