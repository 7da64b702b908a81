"""A real server for the documents' Python, and a folder and an environment as they assume them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path
from queue import Queue
from types import SimpleNamespace

import attrs
import pytest
import requests

from fulfillment_sdk import Client, Receiver
from tests.documents.reading import run
from tests.journeys._server import ServerProcess
from tests.ports import free_port

YOU = "you@example.org"
"""The address that the documents register with."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server") / "fulfillment-data"
    with ServerProcess(folder, environ={"FULFILLMENT_CODE_LIMITS": "1000,1000"}) as server:
        yield server


@pytest.fixture(scope="session")
def token(server: ServerProcess) -> str:
    """A token of the organization on whose behalf the documents' code runs."""
    who = {"email": "documents@example.org", "organization_name": "Documents"}
    with Client(base_url=server.address) as client:
        client.auth.request_verification(**who)
        return client.auth.verify_otp(otp=newest_code(server, who["email"]), **who).token


def newest_code(server: ServerProcess, email: str) -> str:
    """Return the code from the newest mail to an address."""
    answer = requests.get(f"{server.address}/dev/mailbox/", params={"to": email}, timeout=10)
    found = re.search(r"\b\d{6}\b", answer.json()[0]["text"])
    assert found is not None
    return found[0]


@attrs.frozen
class Page:
    """What a document ran in, and what it printed."""

    names: SimpleNamespace
    printed: Queue[str]
    partner_port: int
    count: int


@attrs.frozen
class Reader:
    """Runs documents, each in a folder of its own, and cleans up behind them."""

    server: ServerProcess
    partner_port: int
    printed: Queue[str] = attrs.field(factory=Queue)
    _namespace: dict[str, object] = attrs.field(factory=dict)

    def read(self, document: Path) -> Page:
        """Run the document's Python as its reader would, answering its questions."""
        self._namespace.update(__name__="__main__", print=self._print, input=self._input)
        count = run(
            document,
            self._namespace,
            standing_in={
                "http://127.0.0.1:8000": self.server.address,
                "http://127.0.0.1:9000": f"http://127.0.0.1:{self.partner_port}",
                '("127.0.0.1", 9000,': f'("127.0.0.1", {self.partner_port},',
            },
        )
        return Page(SimpleNamespace(**self._namespace), self.printed, self.partner_port, count)

    def _print(self, *words: object) -> None:
        self.printed.put(" ".join(str(word) for word in words))

    def _input(self, prompt: str) -> str:
        assert prompt == "Code from the e-mail: "
        return newest_code(self.server, YOU)

    def clean_up(self) -> None:
        """Close whatever the document opened."""
        for thing in self._namespace.values():
            if isinstance(thing, HTTPServer):
                thing.shutdown()
                thing.server_close()
        for thing in self._namespace.values():
            if isinstance(thing, Receiver):
                thing.stop()
            elif isinstance(thing, Client | requests.Session):
                thing.close()


@pytest.fixture
def reader(
    server: ServerProcess, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reader]:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", server.address)
    monkeypatch.setenv("FULFILLMENT_TOKEN", token)
    monkeypatch.setenv("FULFILLMENT_WEBHOOK_SECRET", "whsec_" + "A" * 32)
    monkeypatch.chdir(tmp_path)
    Path("fulfillment-data").symlink_to(server.folder)
    reader = Reader(server, free_port())
    yield reader
    reader.clean_up()
