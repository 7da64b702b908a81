"""A receiver passes an event on by webhook, mail and chat, each with what its table discloses."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk.models.events import CaseCompleted
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import Attempt
from tests import samples
from tests.integration.endpoints import a_server
from tests.integration.mail_servers import Post, a_mail_server
from tests.unit.plugins.leaves import hidden

BODY = samples.body("case-completed")
SECRET, NEXT_SECRET = signing.new_secret(), signing.new_secret()


class Desk:
    """A plugin of the second receiver."""

    name = "desk"

    def __init__(self) -> None:
        self.got: asyncio.Queue[CaseCompleted] = asyncio.Queue()

    @hookimpl
    async def fulfillment_case_completed(self, event: CaseCompleted) -> None:
        self.got.put_nowait(event)


class Attempts:
    """A plugin of the first receiver, called in the test's own loop."""

    name = "attempts"

    def __init__(self) -> None:
        self.made: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    @hookimpl
    def fulfillment_on_attempt(self, attempt: Attempt) -> None:
        self.made.put_nowait((attempt.destination, attempt.outcome))


async def test_one_completion_goes_to_another_receiver_to_mailboxes_and_to_a_chat(
    tmp_path: Path,
) -> None:
    desk, attempts, post, said = Desk(), Attempts(), Post(), list[dict[str, str]]()
    second = Receiver(NEXT_SECRET, tmp_path / "second", [desk], load_entry_points=False)

    async def hand_over(request: web.Request) -> web.Response:
        body = await request.read()
        reply = await second.handle_async(request.method, dict(request.headers), body)
        return web.Response(status=reply.status)

    async def chat(request: web.Request) -> web.Response:
        said.append(json.loads(await request.read()))
        return web.Response()

    async with a_server(hand_over) as port, a_mail_server(post) as mail, a_server(chat) as room:
        sinks: dict[str, dict[str, object]] = {
            "crm": {
                "kind": "webhook",
                "url": f"http://127.0.0.1:{port}/in/",
                "secrets": [NEXT_SECRET],
                "network": "loopback",
                "disclosure": "operational",
            },
            "mail": {
                "kind": "email",
                "server": f"smtp://127.0.0.1:{mail}",
                "sender": "desk@partner.example.org",
                "to": ["anna@partner.example.org"],
            },
            "team": {"kind": "chat", "urls": [f"json://127.0.0.1:{room}"]},
        }
        first = Receiver(
            SECRET, tmp_path / "first", [attempts], sinks=sinks, load_entry_points=False
        )
        signed = signing.headers([SECRET], "evt_6", int(time.time()), BODY)
        headers = {"Content-Type": "application/json", **signed}
        async with second.running(), first.running():
            assert (await first.handle_async("POST", headers, BODY)).status == 202
            event = await asyncio.wait_for(desk.got.get(), 20)
            async with asyncio.timeout(20):
                made = {await attempts.made.get() for _ in sinks}

    assert made == {(name, "delivered") for name in sinks}
    assert (event.id, event.outcome) == ("evt_6", "positive")
    assert event.case is not None
    assert event.case.request == {"case_category_id": "362485", "priority": "1"}
    assert "positive" not in post.said[0]
    assert [one["title"] for one in said] == ["HL-CMS-000123: completed"]
    told = json.dumps([event.raw, post.said, said])
    assert [value for value in hidden(BODY, "operational") if value in told] == []
