"""The same calls, run by another shell: what is decided does not live in the one that blocks."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

import aiohttp
import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.client import events
from fulfillment_sdk.client.attachments import store
from fulfillment_sdk.client.calls import cases as case_calls
from fulfillment_sdk.client.calls.creation import Creation
from fulfillment_sdk.client.exchange.retry import Retries
from fulfillment_sdk.client.feed import Feed
from fulfillment_sdk.client.files.download import InMemory, Wanted
from fulfillment_sdk.client.files.uploads import FormUpload
from fulfillment_sdk.models import CreatedCase, NewCase, Person
from tests.asynchronous import AsyncRunner
from tests.integration.client.test_client_over_sockets import Silent, serving

T = TypeVar("T")

CASE = NewCase(
    reporter=Person(fname="Jane Smith"),
    gbv_related=False,
    case_category_id="362484",
    narrative="Told in confidence.",
    plan="Refer to legal aid.",
    priority="2",
    status="1",
    src_address="",
)
CREATION = Creation(new_id=lambda: "id-1", clock=lambda: 1_743_849_002.0)
CREATED = {"id": "case_1", "reference_number": "HL-CMS-000001", "status": "open"}
FEATURES = {"Fulfillment_Features": "idempotency", "X_Request_Id": "req-7"}
WRITING = {"errors": {"gbv_related": ["Not a string."], "src_address": ["May not be blank."]}}


class Scripted(Silent):
    """Gives the answers of its script in turn; None hangs up."""

    script: ClassVar[list[tuple[int, object, dict[str, str]] | None]]
    seen: ClassVar[list[tuple[str, dict[str, str], bytes]]]

    def do_POST(self) -> None:  # noqa: N802
        names = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.path, names, self.taken()))
        step = self.script.pop(0)
        if step is None:
            self.close_connection = True
            return
        status, body, headers = step
        written = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer(status, written, **headers)

    def do_GET(self) -> None:  # noqa: N802
        self.do_POST()


def server_with(*script: tuple[int, object, dict[str, str]] | None) -> type[Scripted]:
    class Handler(Scripted):
        pass

    Handler.script, Handler.seen = list(script), []
    return Handler


def shell(handler: type[Scripted], act: Callable[[AsyncRunner], Awaitable[T]], **changes: Any) -> T:
    """Do `act` against a server with this handler."""

    async def run() -> T:
        async with aiohttp.ClientSession() as session:
            origin = f"http://127.0.0.1:{server.server_port}"
            return await act(AsyncRunner(origin, session, token="t0ken", **changes))

    with serving(handler) as server:
        return asyncio.run(run())


def create(runner: AsyncRunner) -> Awaitable[CreatedCase]:
    return runner.run(CREATION.call(CASE))


def test_a_server_that_fails_is_asked_again_with_the_same_request() -> None:
    handler = server_with(
        (503, {}, FEATURES | {"Retry_After": "1"}), None, (201, CREATED, FEATURES)
    )
    assert shell(handler, create).id == "case_1"
    bodies = [body for _path, _headers, body in handler.seen]
    keys = [headers["idempotency-key"] for _path, headers, _body in handler.seen]
    assert len(bodies) == 3
    assert (len(set(bodies)), len(set(keys))) == (1, 1)
    assert handler.seen[0][1]["authorization"] == "Bearer t0ken"
    assert handler.seen[0][1]["user-agent"].startswith("fulfillment-sdk/")


def test_what_got_lost_is_not_repeated_where_keys_are_not_known() -> None:
    handler = server_with(None)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        shell(handler, create)
    assert len(handler.seen) == 1
    assert raised.value.src_uid == raised.value.idempotency_key
    assert raised.value.request is not None
    assert "authorization" not in {name.lower() for name in raised.value.request.headers}
    assert raised.value.__context__ is None


def test_nobody_there_is_a_connection_that_failed() -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(errors.ConnectionFailed):
                await create(AsyncRunner("http://127.0.0.1:1", session))

    asyncio.run(run())


def test_the_other_way_of_writing_is_found_and_remembered() -> None:
    handler = server_with((400, WRITING, {}), (201, CREATED, {}), (201, CREATED, {}))

    async def twice(runner: AsyncRunner) -> None:
        await create(runner)
        await create(runner)

    shell(handler, twice)
    sent = [json.loads(body) for _path, _headers, body in handler.seen]
    assert [body["gbv_related"] for body in sent] == [False, "0", "0"]
    assert [body.get("src_address") for body in sent] == ["", None, None]


def test_a_redirect_is_not_followed() -> None:
    handler = server_with((301, {}, {"Location": "/elsewhere/"}))
    with pytest.raises(errors.UnexpectedAnswer, match="never followed"):
        shell(handler, create)


def test_an_error_carries_request_answer_and_the_servers_name_for_it() -> None:
    handler = server_with((409, {"error": "Idempotency key reused"}, FEATURES))
    with pytest.raises(errors.Conflict) as raised:
        shell(handler, create)
    error = raised.value
    assert (error.status, error.request_id) == (409, "req-7")
    assert error.body == {"error": "Idempotency key reused"}
    assert error.request is not None
    assert error.request.method == "POST"
    assert error.request.headers["Idempotency-Key"] == "webform-1743849002000-id-1"


def test_the_deadline_holds_over_all_tries() -> None:
    wait = {"Retry_After": "50"}
    handler = server_with(*[(429, {"error": "Too many requests"}, FEATURES | wait)] * 9)
    with pytest.raises(errors.TooManyRequests):
        shell(handler, create, retries=Retries(tries=9, deadline=120))
    assert len(handler.seen) == 3


def test_a_file_goes_up_in_pieces() -> None:
    content = bytes(range(256)) * 1000
    digest = hashlib.sha256(content).hexdigest()
    stored = {"attachment_id": "a-1", "sha256": digest, "size": len(content)}
    handler = server_with((503, {}, {}), (201, stored, {}))

    async def upload(runner: AsyncRunner) -> str:
        form = FormUpload(io.BytesIO(content), name="gate.bin")
        return (await runner.run(store(form))).attachment_id

    assert shell(handler, upload) == "a-1"
    assert all(content in body for _path, _headers, body in handler.seen)


def test_a_file_comes_down_whole_or_not_at_all() -> None:
    content = b"%PDF-" + bytes(200_000)
    announced = {"Content_Type": "application/pdf", "ETag": f'"{"0" * 64}"'}
    handler = server_with(
        (200, content, {"Content_Type": "application/pdf"}), (200, content, announced)
    )

    async def download(runner: AsyncRunner) -> bytes:
        memory = InMemory(Wanted(limit=10**6, content_type="application/pdf"))
        return await runner.run(case_calls.report("c-1", memory, lambda _answer: memory.finish()))

    async def both(runner: AsyncRunner) -> bytes:
        whole = await download(runner)
        with pytest.raises(errors.UnexpectedAnswer, match="SHA-256 differs"):
            await download(runner)
        return whole

    assert shell(handler, both) == content


def test_an_endless_answer_is_cut() -> None:
    handler = server_with((200, b"{" + b" " * (17 * 2**20), {}))
    with pytest.raises(errors.UnexpectedAnswer, match="larger than"):
        shell(handler, create)


def test_a_list_is_gone_through_page_by_page() -> None:
    first = {"items": [{"id": "c-1", "status": "new"}], "next": "cursor-1"}
    last = {"items": [{"id": "c-2", "status": "accepted"}], "next": None}
    handler = server_with((200, first, {}), (200, last, {}))

    async def ids(runner: AsyncRunner) -> list[str]:
        def call(cursor: str | None) -> Any:
            return case_calls.page(cursor, 200, status=None, reference_number=None, src_uid=None)

        return [case.id async for page in runner.pages(call) for case in page.items]

    assert shell(handler, ids) == ["c-1", "c-2"]
    assert "after=cursor-1" in handler.seen[1][0]


def test_the_feed_of_events_is_followed_until_it_is_silent() -> None:
    def written(number: int) -> dict[str, object]:
        data = {"case_id": "c-1", "new_status": "new"}
        return {"id": f"evt_{number}", "type": "case.status_changed", "data": data}

    handler = server_with(
        (200, {"events": [written(1), written(2)], "next": "f_2"}, {}),
        (200, {"events": [], "next": "f_2"}, {}),
        (200, {"events": [written(3)], "next": "f_3"}, {}),
        *[(200, {"events": [], "next": "f_3"}, {})] * 2,
    )
    feed = Feed(
        lambda cursor, wait: events.page(cursor, case_id=None, wait=wait, size=50),
        after=None,
        wait=2.0,
    )

    async def ids(runner: AsyncRunner) -> list[str]:
        return [event.id async for event in runner.events(feed)]

    assert shell(handler, ids) == ["evt_1", "evt_2", "evt_3"]
    assert feed.cursor == "f_3"
    assert handler.script == []


def test_nothing_of_a_case_is_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"message": "Jane Smith said: Told in confidence."}
    handler = server_with((503, echo, FEATURES), (400, echo, FEATURES))
    with pytest.raises(errors.BadRequest) as raised:
        shell(handler, create)
    shown = caplog.text + str(raised.value) + repr(raised.value)
    assert "try 1 of 4" in caplog.text
    assert "Jane" not in shown
    assert "confidence" not in shown


def test_many_calls_at_once_get_their_own_answers() -> None:
    class Echo(Silent):
        def do_POST(self) -> None:  # noqa: N802
            uid = json.loads(self.taken())["src_uid"]
            self.answer(201, json.dumps({"id": uid}).encode())

    async def run() -> list[str]:
        async with aiohttp.ClientSession() as session:
            runner = AsyncRunner(f"http://127.0.0.1:{server.server_port}", session)
            calls = [CREATION.call(CASE, idempotency_key=f"k{n}") for n in range(200)]
            return [one.id for one in await asyncio.gather(*map(runner.run, calls))]

    with serving(Echo) as server:
        assert asyncio.run(run()) == [f"k{n}" for n in range(200)]
