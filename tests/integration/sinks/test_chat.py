"""The kind `chat`: by Apprise, to real services on loopback, of HTTP and of mail."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import logging
from typing import Any

import pytest
from aiohttp import web

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.disclosure.disclosure import Disclosure
from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry
from tests import samples
from tests.integration.endpoints import a_server
from tests.integration.mail_servers import Post, a_mail_server
from tests.integration.sinks.making import a_sink, deliver, make
from tests.unit.plugins.bodies import delivery, status_changed
from tests.unit.plugins.leaves import hidden

CHANGED = delivery(status_changed())
COMPLETED = delivery(samples.body("case-completed"))


class Room:
    """A chat room behind HTTP: keeps what is said, and answers as it is told."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.said: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.said.append(json.loads(await request.read()))
        status = self._statuses.pop(0) if self._statuses else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"}, text="hush")


async def test_people_read_a_message_about_a_change_with_what_is_disclosed() -> None:
    room = Room()
    async with a_server(room.answer) as port:
        url = f"json://user:hush@127.0.0.1:{port}/room"
        async with a_sink(kind="chat", urls=[url]) as sink:
            outcomes = [await deliver(sink, CHANGED), await deliver(sink, COMPLETED)]

    assert outcomes == [Delivered("1 service")] * 2
    assert [(one["title"], one["message"]) for one in room.said] == [
        (
            "HL-CMS-000123: submitted",
            """in_progress -> submitted, by worker (form_submitted)
Case case_1, 2025-04-06T15:00:00.000000Z""",
        ),
        (
            "HL-CMS-000123: completed",
            "The case is completed\nCase case_987654, 2025-04-06T16:00:00.000000Z",
        ),
    ]


@pytest.mark.parametrize("disclosure", ["routing", "operational"])
async def test_no_message_has_a_value_in_it_that_is_not_disclosed(disclosure: Disclosure) -> None:
    room = Room()
    async with a_server(room.answer) as port:
        table = {"urls": [f"json://127.0.0.1:{port}"], "disclosure": disclosure}
        async with a_sink(kind="chat", **table) as sink:
            await deliver(sink, COMPLETED)

    [said] = room.said
    operational = disclosure == "operational"
    assert ("The case is completed: positive\n" in said["message"]) == operational
    assert ("Category 362485, priority 1\n" in said["message"]) == operational
    text = json.dumps(said)
    assert [value for value in hidden(COMPLETED.body, disclosure) if value in text] == []


async def test_a_message_may_be_of_one_s_own_making() -> None:
    room = Room()
    async with a_server(room.answer) as port:
        table = {
            "urls": [f"json://127.0.0.1:{port}"],
            "title": "Fall\n{{ case_id }}",
            "body": "{{ new_status }}! {{ outcome }}",
        }
        async with a_sink(kind="chat", **table) as sink:
            await deliver(sink, CHANGED)

    assert (room.said[0]["title"], room.said[0]["message"]) == ("Fall case_1", "submitted!")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Reject("HTTP 400")),
        (410, Reject("HTTP 410", disable=True)),
        (404, Retry("HTTP 404")),
        (429, Retry("HTTP 429")),
        (500, Retry("HTTP 500")),
        (302, Retry("HTTP 302: redirects are not followed")),
    ],
)
async def test_what_passes_is_tried_again_and_what_does_not_is_given_up(
    status: int, outcome: Outcome
) -> None:
    room = Room(status)
    async with a_server(room.answer) as port:
        async with a_sink(kind="chat", urls=[f"json://127.0.0.1:{port}"]) as sink:
            assert await deliver(sink, CHANGED) == outcome
        assert len(room.said) == 1


@pytest.mark.parametrize("how", ["its own level", "everybody's level", "switched off"])
async def test_what_does_not_pass_is_known_also_where_the_application_logs_little(how: str) -> None:
    log = logging.getLogger("apprise")
    async with (
        a_server(Room(410).answer) as port,
        a_sink(kind="chat", urls=[f"json://127.0.0.1:{port}"]) as sink,
    ):
        try:
            if how == "its own level":
                log.setLevel(logging.CRITICAL)
            elif how == "everybody's level":
                logging.disable(logging.CRITICAL)
            else:  # as a `dictConfig` does with the loggers that it doesn't name
                log.disabled = True
            outcome = await deliver(sink, CHANGED)
        finally:
            log.setLevel(logging.NOTSET)
            logging.disable(logging.NOTSET)
            log.disabled = False

    assert outcome == Reject("HTTP 410", disable=True)


async def test_a_service_that_is_away_is_tried_again() -> None:
    async with a_server(Room().answer) as port:
        pass
    async with a_sink(kind="chat", urls=[f"json://127.0.0.1:{port}"]) as sink:
        outcome = await deliver(sink, CHANGED)

    assert outcome == Retry("the service can't be reached, or did not take it")


async def test_a_service_that_hangs_holds_up_no_other_sink() -> None:
    released, room, asked = asyncio.Event(), Room(), asyncio.Semaphore(0)

    async def hang(_: web.Request) -> web.Response:
        asked.release()
        await released.wait()
        return web.Response()

    async with a_server(hang) as stuck, a_server(room.answer) as port:
        many = concurrent.futures.ThreadPoolExecutor(max_workers=12)
        try:
            sink = make(kind="chat", urls=[f"json://127.0.0.1:{stuck}/?rto=20"])
            waiting = [many.submit(sink.deliver, CHANGED) for _ in range(12)]
            async with asyncio.timeout(10):
                for _ in waiting:
                    await asked.acquire()
                async with a_sink(kind="chat", urls=[f"json://127.0.0.1:{port}"]) as other:
                    outcome = await deliver(other, CHANGED)
            released.set()
            late = [await asyncio.wrap_future(one) for one in waiting]
        finally:
            released.set()
            many.shutdown(wait=False)

    assert outcome == Delivered("1 service")
    assert late == [Delivered("1 service")] * 12


async def test_who_has_a_message_gets_it_no_second_time() -> None:
    kind, unkind = Room(), Room(503, 200)
    async with a_server(kind.answer) as one, a_server(unkind.answer) as other:
        urls = [f"json://127.0.0.1:{one}", f"json://127.0.0.1:{other}"]
        async with a_sink(kind="chat", urls=urls) as sink:
            outcomes = [await deliver(sink, CHANGED), await deliver(sink, CHANGED)]

    assert outcomes == [Retry("HTTP 503"), Delivered("2 services")]
    assert (len(kind.said), len(unkind.said)) == (1, 2)


async def test_a_service_that_refuses_for_good_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kind, unkind = Room(), Room(400)
    async with a_server(kind.answer) as one, a_server(unkind.answer) as other:
        urls = [f"json://127.0.0.1:{other}", f"json://127.0.0.1:{one}"]
        async with a_sink(kind="chat", urls=urls) as sink:
            outcome = await deliver(sink, CHANGED)

    assert outcome == Delivered("1 service; 1 refused (HTTP 400)")
    assert "event evt_1 reached 1 service; 1 refused (HTTP 400)" in caplog.text


async def test_a_service_may_be_reached_by_mail_as_well() -> None:
    post = Post()
    async with a_mail_server(post) as port:
        url = f"mailto://127.0.0.1:{port}/anna@partner.example.org?from=d@x.org&mode=insecure"
        async with a_sink(kind="chat", urls=[url]) as sink:
            assert await deliver(sink, CHANGED) == Delivered("1 service")

    [envelope] = post.envelopes
    assert envelope.rcpt_tos == ["anna@partner.example.org"]
    assert post.mails[0]["Subject"] == "HL-CMS-000123: submitted"


async def test_nothing_that_is_sent_and_no_credential_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3"):
        caplog.set_level(logging.NOTSET + 1, logger=name)
    async with a_server(Room(500).answer) as port:
        url = f"json://user:hush@127.0.0.1:{port}/hush?+X-Token=hush"
        async with a_sink(kind="chat", urls=[url]) as sink:
            await deliver(sink, CHANGED)
            logging.getLogger("apprise").warning("somebody else's")

    logged = [one for one in caplog.records if one.name.startswith(("apprise", "urllib3"))]
    assert [one.getMessage() for one in logged] == ["somebody else's"]
    assert "hush" not in caplog.text
    assert "case_1" not in caplog.text


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"urls": ["hush://hush"]}, "sinks.it: urls[0] is no address that Apprise knows"),
        ({"urls": ["slack://hush"]}, "sinks.it: urls[0] is no address that Apprise knows"),
        ({"urls": []}, "sinks.it: urls is empty"),
        ({"body": "{{ narrative }}"}, "sinks.it: body names narrative, which is never disclosed"),
        ({"title": "{{ plan }}"}, "sinks.it: title names plan, which is never disclosed"),
        ({"body_template": "/no/such"}, "sinks.it: body_template can't be read"),
        ({"body": "", "body_template": "/x"}, "sinks.it: body and body_template are both there"),
        ({"disclosure": "full"}, "sinks.it.disclosure can't be full: a sink of kind chat reaches"),
    ],
)
def test_what_cannot_be_used_is_an_error_before_anything_is_sent(
    table: dict[str, object], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ConfigurationError) as caught:
        make(**{"kind": "chat", "urls": ["json://user:hush@127.0.0.1/"], **table})

    assert caught.value.message.startswith(message)
    assert "hush" not in str(caught.value) + caplog.text
