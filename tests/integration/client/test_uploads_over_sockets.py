"""Uploads to a server that reads bytes: what is in memory, and what comes after a broken try."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client, Retries

from .test_client_over_sockets import Server, Silent, client, serving

MIB = 1024 * 1024
SIZE = 10 * MIB
BLOCK = hashlib.sha256(b"block").digest() * (64 * 1024 // 32)
CONTENT = BLOCK * (SIZE // len(BLOCK))


class Taking(Silent):
    """Reads forms piece by piece, keeps none of them, and answers with their size."""

    def do_POST(self) -> None:  # noqa: N802
        body = {"attachment_id": "file_1", "form": sum(map(len, self.pieces()))}
        self.answer(201, json.dumps(body).encode())

    def pieces(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers["Content-Length"])
        while left:
            piece = self.rfile.read(min(left, 64 * 1024))
            yield piece
            left -= len(piece)


class Counting(io.BytesIO):
    """A file that tells how much of it was asked for at a time."""

    largest = 0
    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.largest = max(self.largest, SIZE if size is None or size < 0 else size)
        self.reads += 1
        return super().read(size)


@pytest.mark.parametrize("seekable", [True, False], ids=["measured", "in chunks"])
def test_a_file_of_ten_mebibytes_is_never_whole_in_memory(tmp_path: Path, seekable: bool) -> None:
    path = tmp_path / "gate.jpg"
    path.write_bytes(CONTENT)
    with serving(Taking) as server, client(server.server_port) as uploading:
        uploading.attachments.upload(b"warm")
        with path.open("rb") as file:
            if not seekable:
                file.seekable = lambda: False  # type: ignore[method-assign]
            tracemalloc.start()
            try:
                stored = uploading.attachments.upload(file)
                _now, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert stored.raw["form"] > SIZE  # type: ignore[operator]
    assert peak < 2 * MIB, f"{peak / MIB:.1f} MiB"


def test_an_open_file_is_read_in_pieces() -> None:
    file = Counting(CONTENT)
    with serving(Taking) as server, client(server.server_port) as uploading:
        uploading.attachments.upload(file)
    assert file.largest <= 64 * 1024
    assert file.reads >= SIZE // (64 * 1024)
    assert not file.closed


class Breaking(Taking):
    """Resets the connection amid the first form, then takes the next."""

    def do_POST(self) -> None:  # noqa: N802
        server = self.server
        assert isinstance(server, BreakingServer)
        server.forms += 1
        if server.forms > server.broken:
            super().do_POST()
            return
        next(self.pieces())
        self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


class BreakingServer(Server):
    forms = 0
    broken = 1


def test_a_form_that_broke_off_is_sent_anew_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "gate.jpg"
    path.write_bytes(CONTENT)
    told: list[int] = []
    with serving(Breaking, BreakingServer) as server, client(server.server_port) as uploading:
        stored = uploading.attachments.upload(path, progress=lambda done, _total: told.append(done))
        assert isinstance(server, BreakingServer)
        assert server.forms == 2
    assert stored.attachment_id == "file_1"
    assert told[-1] == SIZE
    assert told.count(64 * 1024) == 2


def test_a_stream_that_broke_off_is_not_sent_again() -> None:
    file = Counting(CONTENT)
    file.seekable = lambda: False  # type: ignore[method-assign]
    with serving(Breaking, BreakingServer) as server, client(server.server_port) as uploading:
        with pytest.raises(errors.ConnectionFailed):
            uploading.attachments.upload(file)
        assert isinstance(server, BreakingServer)
        assert server.forms == 1


class Refusing(Taking):
    """Answers before it has read the form, and hangs up."""

    def do_POST(self) -> None:  # noqa: N802
        self.answer(401, b'{"message": "no"}', Connection="close", Fulfillment_Features="events")
        self.close_connection = True
        self.connection.shutdown(1)
        for _piece in self.pieces():
            pass


def test_an_answer_that_comes_before_the_forms_end_is_read() -> None:
    with serving(Refusing) as server:
        once = Client(
            base_url=f"http://127.0.0.1:{server.server_port}", token="t", retries=Retries.off()
        )
        with once, pytest.raises(errors.Unauthorized):
            once.attachments.upload(CONTENT)


def test_a_source_that_fails_amid_the_form_leaves_a_client_that_works(tmp_path: Path) -> None:
    def stop(done: int, _total: int | None) -> None:
        if done > MIB:
            raise BrokenPipeError("the caller's own")

    with serving(Taking) as server, client(server.server_port) as uploading:
        with pytest.raises(BrokenPipeError, match="own"):
            uploading.attachments.upload(CONTENT, progress=stop)
        assert uploading.attachments.upload(CONTENT).attachment_id == "file_1"
        assert server.connections == 2
