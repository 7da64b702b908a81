"""Slow clients are cut off, and harm nobody meanwhile: over real sockets, with short limits."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from attrs import define, field
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fulfillment_sdk.server.connections import protocol
from fulfillment_sdk.server.connections.patience import Patience
from tests.integration.hops.serving import serving

SHORT: Final = Patience(
    head=0.2,
    idle=0.3,
    body_window=0.2,
    body_bytes=64,
    body=0.6,
    rest=0.2,
    unread=0.2,
    unread_bytes=256,
    connections=3,
)
BLOCK: Final = b"x" * 65536


@define
class Site:
    """What is served: ``ended`` has how each reading of a body and each download ended."""

    address: tuple[str, int] = ("", 0)
    ended: asyncio.Queue[str] = field(factory=asyncio.Queue)

    async def hello(self, _request: Request) -> Response:
        return PlainTextResponse("hello")

    async def take(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            self.ended.put_nowait("cut off")
            raise
        self.ended.put_nowait("read")
        return PlainTextResponse(str(len(body)))

    async def names(self, request: Request) -> Response:
        await request.body()
        return PlainTextResponse(" ".join(request.headers))

    async def heap(self, _request: Request) -> Response:
        return Response(BLOCK * 384)

    async def linger(self, request: Request) -> Response:
        self.ended.put_nowait("begun")
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.ended.put_nowait("cut off")
        raise ClientDisconnect

    async def refuse(self, _request: Request) -> Response:
        return PlainTextResponse("no", 413)

    async def give(self, _request: Request) -> Response:
        async def endless() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield BLOCK
                    await asyncio.sleep(0)  # as whatever comes from somewhere
            finally:
                self.ended.put_nowait("given up")

        return StreamingResponse(endless())

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/hello", self.hello),
                Route("/take", self.take, methods=["POST"]),
                Route("/names", self.names, methods=["POST"]),
                Route("/heap", self.heap),
                Route("/linger", self.linger),
                Route("/refuse", self.refuse, methods=["POST"]),
                Route("/give", self.give),
            ]
        )


@pytest.fixture(params=["httptools", "h11"])
def chosen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of uvicorn's two protocols."""
    name = str(request.param)
    if name == "h11":
        monkeypatch.setattr(protocol, "find_spec", lambda _name: None)
    else:
        pytest.importorskip("httptools")
    return name


@contextlib.asynccontextmanager
async def opened(patience: Patience = SHORT) -> AsyncIterator[Site]:
    site = Site()
    async with serving(_quiet(site.app()), patience=patience) as url:
        parts = urlsplit(url)
        site.address = (str(parts.hostname), int(parts.port or 0))
        yield site


def _quiet(app: ASGIApp) -> ASGIApp:
    """The application without what the shell's own faults middleware would have caught."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            await app(scope, receive, send)

    return served


@define
class Peer:
    """One connection to the site."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, text: bytes) -> None:
        self.writer.write(text)

    async def rest(self) -> bytes:
        """Return all that comes until the server ends the connection, however it does."""
        got = bytearray()
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                while block := await self.reader.read(65536):
                    got += block
        return bytes(got)

    async def drip(self, text: bytes, every: float = 0.02) -> None:
        """Say the same again and again until nobody listens."""
        with contextlib.suppress(ConnectionError):
            while True:
                self.writer.write(text)
                await self.writer.drain()
                await asyncio.sleep(every)


@contextlib.asynccontextmanager
async def peer(site: Site, *, receives: int | None = None) -> AsyncIterator[Peer]:
    """Connect; ``receives`` is the size of this side's buffer."""
    connection = socket.socket()
    if receives is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, site.address)
    reader, writer = await asyncio.open_connection(sock=connection, limit=receives or 65536)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def greeted(site: Site) -> bool:
    """Whether somebody else is served now."""
    async with peer(site) as other:
        other.say(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return (await other.rest()).endswith(b"hello")


async def end_of(site: Site) -> str:
    """Return how the next reading or download ends."""
    async with asyncio.timeout(5):
        return await site.ended.get()


@pytest.mark.usefixtures("chosen")
async def test_a_head_that_trickles_in_is_refused_while_others_are_served() -> None:
    async with opened() as site, peer(site) as slow:
        slow.say(b"GET /hello HTTP/1.1\r\n")
        dripping = asyncio.create_task(slow.drip(b"X-A: b\r\n"))
        assert await greeted(site)
        assert (await slow.rest()).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()


@pytest.mark.usefixtures("chosen")
async def test_a_connection_on_which_nothing_is_said_is_closed_without_a_word() -> None:
    async with opened() as site, peer(site) as silent:
        assert await silent.rest() == b""


@pytest.mark.usefixtures("chosen")
async def test_the_next_head_on_a_connection_has_no_more_time_than_the_first() -> None:
    async with opened() as site, peer(site) as slow:
        slow.say(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\n")
        dripping = asyncio.create_task(slow.drip(b"X-A: b\r\n"))
        answered = await slow.rest()
        dripping.cancel()
    assert answered.startswith(b"HTTP/1.1 200 ")
    assert b"hello" in answered
    assert b"HTTP/1.1 408 " in answered


async def test_blank_lines_keep_no_connection_open() -> None:
    async with opened() as site, peer(site) as idle:
        idle.say(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        dripping = asyncio.create_task(idle.drip(b"\r\n"))
        assert (await idle.rest()).endswith(b"hello")
        dripping.cancel()


@pytest.mark.usefixtures("chosen")
async def test_a_body_that_trickles_in_is_refused_while_others_are_served() -> None:
    async with opened() as site, peer(site) as slow:
        slow.say(b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        dripping = asyncio.create_task(slow.drip(b"x"))
        assert await greeted(site)
        answer = await slow.rest()
        dripping.cancel()
        assert await end_of(site) == "cut off"
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b'{"error":"The request took too long"}')


@pytest.mark.usefixtures("chosen")
async def test_a_body_that_keeps_its_pace_must_have_an_end_all_the_same() -> None:
    async with opened() as site, peer(site) as endless:
        endless.say(b"POST /take HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        dripping = asyncio.create_task(endless.drip(b"40\r\n" + b"x" * 64 + b"\r\n"))
        assert (await endless.rest()).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()
        assert await end_of(site) == "cut off"


@pytest.mark.usefixtures("chosen")
async def test_a_body_that_takes_its_time_and_keeps_its_pace_is_read() -> None:
    patient = Patience(head=0.2, body_window=0.1, body_bytes=64, body=5.0)
    async with opened(patient) as site, peer(site) as steady:
        steady.say(b"POST /take HTTP/1.1\r\nHost: a\r\nConnection: close\r\n")
        steady.say(b"Content-Length: 960\r\n\r\n")
        for _ in range(15):
            steady.say(b"x" * 64)
            await asyncio.sleep(0.025)
        assert (await steady.rest()).endswith(b"960")


async def test_what_is_still_sent_after_the_answer_is_not_read_for_ever() -> None:
    async with opened() as site, peer(site) as stubborn:
        stubborn.say(b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
        dripping = asyncio.create_task(stubborn.drip(b"x" * 1000))
        assert (await stubborn.rest()).startswith(b"HTTP/1.1 413 ")
        await dripping


@pytest.mark.usefixtures("chosen")
async def test_a_reader_that_reads_nothing_is_cut_off_and_its_download_given_up() -> None:
    async with opened() as site, peer(site, receives=4096) as greedy:
        greedy.say(b"GET /give HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0)
        assert await greeted(site)
        assert await end_of(site) == "given up"
        assert await greeted(site)


async def test_a_reader_that_reads_slowly_and_steadily_is_served() -> None:
    async with opened() as site, peer(site) as steady:
        steady.say(b"GET /give HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(40):
            assert await steady.reader.readexactly(200_000)
            await asyncio.sleep(0.01)
        assert site.ended.empty()


@pytest.mark.usefixtures("chosen")
async def test_one_connection_too_many_is_told_so_and_a_place_that_gets_free_is_given() -> None:
    roomy = Patience(connections=2)
    async with opened(roomy) as site:
        async with peer(site), peer(site):
            await asyncio.sleep(0.02)
            async with peer(site) as third:
                third.say(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                answer = (await third.rest()).lower()
        assert answer.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in answer
        assert answer.endswith(b'{"error":"too many connections"}')
        await asyncio.sleep(0.02)
        assert await greeted(site)


@pytest.mark.usefixtures("chosen")
async def test_who_has_too_many_connections_is_told_so_and_gets_no_more() -> None:
    async with opened(Patience(of_one=1, spared=())) as site:
        async with peer(site) as first, peer(site) as second:
            assert (await second.rest()).startswith(b"HTTP/1.1 503 ")
            first.say(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert (await first.rest()).endswith(b"hello")
        await asyncio.sleep(0.02)
        assert await greeted(site)


@pytest.mark.usefixtures("chosen")
async def test_what_is_no_http_is_refused_with_the_headers_of_every_answer() -> None:
    async with opened() as site, peer(site) as odd:
        odd.say(b"\x16\x03\x01 hello\r\n\r\n")
        answer = (await odd.rest()).lower()
    assert answer.startswith(b"http/1.1 400 ")
    assert b"\r\nx-content-type-options: nosniff\r\n" in answer
    assert b"\r\nserver:" not in answer


@pytest.mark.usefixtures("chosen")
async def test_one_large_answer_that_is_read_slowly_and_steadily_is_read_to_its_end() -> None:
    async with opened() as site, peer(site, receives=65536) as steady:
        steady.say(b"GET /heap HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(48):
            assert len(await steady.reader.readexactly(len(BLOCK) * 8)) == len(BLOCK) * 8
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("chosen")
@pytest.mark.parametrize("line", [b"X-A: " + b"b" * 1000 + b"\r\n", b"b" * 1000])
async def test_trailers_have_no_more_room_than_a_head(line: bytes) -> None:
    async with opened(Patience()) as site, peer(site) as flooding:
        flooding.say(
            b"POST /take HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
        )
        flooding.say(b"y\r\n" if line.endswith(b"\n") else b"y")
        dripping = asyncio.create_task(flooding.drip(line * 8, every=0.0))
        answer = await flooding.rest()
        dripping.cancel()
        assert await end_of(site) == "cut off"
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))


@pytest.mark.usefixtures("chosen")
async def test_a_trailer_is_no_header() -> None:
    async with opened() as site, peer(site) as late:
        late.say(b"POST /names HTTP/1.1\r\nHost: a\r\nConnection: close\r\n")
        late.say(b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Late: b\r\n\r\n")
        assert b"x-late" not in await late.rest()


@pytest.mark.usefixtures("chosen")
async def test_who_asks_for_another_protocol_is_served_in_this_one() -> None:
    head = (
        b"Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    )
    async with opened() as site, peer(site) as modern:
        for _ in range(2):
            modern.say(b"POST /take HTTP/1.1\r\n%sContent-Length: 5\r\n\r\nhe" % head)
            modern.say(b"llo")
            assert await end_of(site) == "read"
        modern.say(b"GET /hello HTTP/1.1\r\n%s\r\n" % head)
        modern.say(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = await modern.rest()
    assert answers.count(b"HTTP/1.1 200 ") == 4
    assert answers.count(b"\r\n\r\n5") == 2
    assert answers.count(b"\r\n\r\nhello") == 2


async def test_a_refusal_never_takes_the_place_of_another_answer() -> None:
    pytest.importorskip("httptools")
    async with opened(Patience()) as site, peer(site) as hasty:
        hasty.say(b"GET /linger HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await end_of(site) == "begun"
        hasty.say(b"\x16\x03\x01 hello\r\n\r\n")
        assert await hasty.rest() == b""
        assert await end_of(site) == "cut off"


@pytest.mark.parametrize(
    "what", [b"\x16\x03\x01\r\n\r\n", b"POST /take HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
async def test_a_refusal_is_never_a_part_of_another_answer(what: bytes) -> None:
    pytest.importorskip("httptools")
    async with opened(Patience()) as site, peer(site) as hasty:
        hasty.say(b"GET /give HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await hasty.reader.readexactly(100_000)
        hasty.say(what)
        assert b"HTTP/1.1 400" not in await hasty.rest()
        assert await end_of(site) == "given up"
