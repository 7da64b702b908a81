"""Many large files at once, over both hops of a real server: its memory stays as it is."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from fulfillment_sdk import Client

from ._server import SECONDS, ServerProcess

MIB = 1024 * 1024
SIZE = 10 * MIB
TOGETHER = 8
EACH = 4 * MIB
"""What one upload may cost on both hops together."""

HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
BLOCK = hashlib.sha256(b"block").digest() * (64 * 1024 // 32)


def peak(server: ServerProcess) -> int:
    """Return the most memory that a server had so far, in bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def blocks(size: int) -> Iterator[bytes]:
    yield HEAD
    left = size - len(HEAD)
    while left:
        yield BLOCK[:left]
        left -= min(left, len(BLOCK))


def form(size: int, together: threading.Barrier | None = None) -> Iterator[bytes]:
    """Yield a form with a file of this size; ``together`` is waited for half-way."""
    yield b"--b\r\nContent-Disposition: form-data; name=file; filename=a.jpg\r\n\r\n"
    for number, block in enumerate(blocks(size)):
        if together is not None and number == 80:
            together.wait(SECONDS)
        yield block
    yield b"\r\n--b--\r\n"


def test_eight_large_uploads_at_once_are_nowhere_in_memory(tmp_path: Path) -> None:
    expected = hashlib.sha256(b"".join(blocks(SIZE))).hexdigest()
    with ServerProcess(tmp_path / "data") as server:
        auth = Client(base_url=server.address).auth
        token = auth.legacy_token(
            organization_name="Partner", organization_email="a@partner.example"
        )
        headers = {
            "Authorization": f"Bearer {token.token}",
            "Content-Type": "multipart/form-data; boundary=b",
        }
        url = f"{server.address}/api/webhook/webform/attachments/"

        def upload(size: int, together: threading.Barrier | None) -> requests.Response:
            return requests.post(url, data=form(size, together), headers=headers, timeout=60)

        assert upload(MIB, None).status_code == 201
        before = peak(server)
        halfway = threading.Barrier(TOGETHER)
        with ThreadPoolExecutor(TOGETHER) as pool:
            answers = list(pool.map(lambda _: upload(SIZE, halfway), range(TOGETHER)))
        assert [answer.status_code for answer in answers] == [201] * TOGETHER
        assert {answer.json()["sha256"] for answer in answers} == {expected}
        grown = peak(server) - before
        assert grown < TOGETHER * EACH, f"{grown / MIB:.1f} MiB"
