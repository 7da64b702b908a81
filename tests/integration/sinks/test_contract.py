"""The kinds that come with the SDK pass the contract that a stranger's sink is put to."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

import apprise
import pytest
from aiohttp import web
from sqlalchemy.engine import make_url

from fulfillment_sdk import signing
from fulfillment_sdk.plugins import bundled
from fulfillment_sdk.relay import Sink
from fulfillment_sdk.testing import SinkContract
from tests import postgres
from tests.integration.endpoints import a_server
from tests.integration.mail_servers import Post, a_mail_server
from tests.integration.sinks.in_thread import in_thread
from tests.integration.sinks.making import make

SECRET = signing.new_secret()

with warnings.catch_warnings():  # its hundred services import what Python is about to drop
    warnings.simplefilter("ignore")
    apprise.Apprise().add("json://localhost")


class Bundled(SinkContract):
    plugin: ClassVar[object] = bundled


class TestLog(Bundled):
    once = False  # a line says its event's id

    @pytest.fixture(autouse=True)
    def _reader(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, logger="fulfillment_sdk.events")
        self.log = caplog

    def make_sink(self) -> Sink:
        return make(kind="log", disclosure="full")

    def peer_received(self) -> list[str]:
        told = [vars(one)["facts"] for one in self.log.records if "facts" in vars(one)]
        return [facts["id"] for facts in told if "id" in facts]


class TestJsonl(Bundled):
    once = False  # a line has its event's id

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "told"
        self.folder.mkdir()
        self.path = self.folder / "events.jsonl"

    def make_sink(self) -> Sink:
        return make(kind="jsonl", path=str(self.path), rotate_bytes=100_000)

    def peer_received(self) -> list[str]:
        files = sorted(self.folder.iterdir(), key=lambda one: (one == self.path, one.name))
        return [
            json.loads(line)["event"]["id"]
            for file in files
            if "jsonl" in file.name
            for line in file.read_text().splitlines()
        ]

    @contextlib.contextmanager
    def peer_away(self) -> Iterator[None]:
        self.folder.rename(self.folder.with_name("unmounted"))
        yield
        self.folder.with_name("unmounted").rename(self.folder)


class TestSqlOnSqlite(Bundled):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "events.db"

    def make_sink(self) -> Sink:
        return make(kind="sql", url=f"sqlite:///{self.path}")

    def peer_received(self) -> list[str]:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return [row[0] for row in connection.execute(_HISTORY)]

    @contextlib.contextmanager
    def peer_away(self) -> Iterator[None]:
        aside = self.path.with_suffix(".aside")
        self.path.rename(aside)
        self.path.mkdir()
        try:
            yield
        finally:
            self.path.rmdir()
            aside.rename(self.path)


class TestSqlOnPostgres(Bundled):
    @pytest.fixture(autouse=True)
    def _database(self) -> Iterator[None]:
        self.url = make_url(postgres.new_database())
        yield
        postgres.server().drop_database(self.url.render_as_string(hide_password=False))

    def make_sink(self) -> Sink:
        return make(kind="sql", url=self.url.render_as_string(hide_password=False))

    def peer_received(self) -> list[str]:
        rows = postgres.server().run(_HISTORY, str(self.url.database))
        return [str(row[0]) for row in rows]

    @contextlib.contextmanager
    def peer_away(self) -> Iterator[None]:
        server, name = postgres.server(), self.url.database
        server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.disconnect_all(self.url.render_as_string(hide_password=False))
        yield
        server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


_HISTORY = "SELECT event_id FROM fulfillment_events ORDER BY recorded_at, sequence"


class Other:
    """A system behind HTTP: keeps the ids of what it takes, unless it is told not to."""

    def __init__(self) -> None:
        self.status = 202
        self.got: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        if self.status == 202 and request.method == "POST":
            self.got.append(self.id_of(request, await request.read()))
        return web.Response(status=self.status)

    def id_of(self, request: web.Request, _body: bytes) -> str:
        return request.headers["webhook-id"]

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        self.status = 503
        yield
        self.status = 202


class Room(Other):
    """A chat room that is told the event's id."""

    def id_of(self, _request: web.Request, body: bytes) -> str:
        title: str = json.loads(body)["title"]
        return title


class TestWebhook(Bundled):
    once = False  # the other system gets the event's id along

    @pytest.fixture(autouse=True)
    def _other(self) -> Iterator[None]:
        self.other = Other()
        with in_thread(a_server(self.other.answer)) as self.port:
            yield

    def make_sink(self) -> Sink:
        url = f"http://127.0.0.1:{self.port}/"
        return make(kind="webhook", url=url, secrets=[SECRET], network="loopback")

    def peer_received(self) -> list[str]:
        return self.other.got

    def peer_away(self) -> AbstractContextManager[None]:
        return self.other.away()


class TestWebhookThatGetsAll(TestWebhook):
    def make_sink(self) -> Sink:
        url = f"http://127.0.0.1:{self.port}/"
        table = {"secrets": [SECRET], "network": "loopback", "disclosure": "full"}
        return make(kind="webhook", url=url, **table)


class TestChat(Bundled):
    once = False  # people see what they have seen before

    @pytest.fixture(autouse=True)
    def _room(self) -> Iterator[None]:
        self.room = Room()
        with in_thread(a_server(self.room.answer)) as self.port:
            yield

    def make_sink(self) -> Sink:
        urls = [f"json://127.0.0.1:{self.port}/"]
        return make(kind="chat", urls=urls, title="{{ event.id }}", disclosure="operational")

    def peer_received(self) -> list[str]:
        return self.room.got

    def peer_away(self) -> AbstractContextManager[None]:
        return self.room.away()


class TestEmail(Bundled):
    once = False  # people see what they have seen before

    @pytest.fixture(autouse=True)
    def _post(self) -> Iterator[None]:
        self.post = Post()
        with in_thread(a_mail_server(self.post)) as self.port:
            yield

    def make_sink(self) -> Sink:
        return make(
            kind="email",
            server=f"smtp://127.0.0.1:{self.port}",
            sender="Desk <desk@partner.example.org>",
            to=["anna@partner.example.org"],
            subject="{{ event.id }}",
            tls="if_offered",
            disclosure="operational",
        )

    def peer_received(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.post.mails]

    @contextlib.contextmanager
    def peer_away(self) -> Iterator[None]:
        self.post.answer = "451 come again"
        yield
        self.post.answer = "250 OK"
