"""Debian's proxies, run with the configurations that the documentation gives.

Only addresses and files of certificates are others than on the page, and where the proxy may write.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.documents.reading import ROOT, blocks
from tests.postgres import REQUIRE

from ._endpoints import eventually
from ._server import SECONDS
from ._tls import ADDRESS, Certificates

PAGE = ROOT / "docs" / "deployment.md"

Ports = Mapping[str, int]
"""What the page calls an address, and the port that a test has for it."""

_ROOM = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def program(name: str) -> str:
    """Return where a proxy is.

    Skips the test where it is not, unless `FULFILLMENT_TEST_REQUIRE` (words with commas between)
    names it.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        line = f"{name} is not tested: not installed (apt-get install {name})"
        if name in os.environ.get(REQUIRE, "").replace(",", " ").split():
            pytest.fail(line)
        pytest.skip(line)
    return found


def configuration(name: str, ports: Ports, keys: Certificates) -> str:
    """Return the page's configuration for a proxy, with a test's own addresses and files."""
    language, begins = {"nginx": ("nginx", "worker_processes"), "haproxy": ("text", "global")}[name]
    (text,) = [block.source for block in blocks(PAGE, language) if block.source.startswith(begins)]
    files = {
        "nginx": {
            "/etc/ssl/gateway.example.org.pem": keys.certificate,
            "/etc/ssl/private/gateway.example.org.key": keys.key,
            "/var/log/nginx/access.log": Path("access.log"),
        },
        "haproxy": {"/etc/haproxy/gateway.example.org.pem": keys.together},
    }[name]
    replaced = {written: f"{ADDRESS}:{port}" for written, port in ports.items()}
    for written, real in {**replaced, **files}.items():
        assert written in text, f"the configuration on the page has no {written}"
        text = text.replace(written, str(real))
    assert "10.0.0." not in text
    return text


@contextmanager
def proxy(name: str, folder: Path, ports: Ports, keys: Certificates) -> Iterator[None]:
    """Run a proxy for as long as the block runs."""
    folder.mkdir()
    command, text = _PREPARED[name](program(name), folder, configuration(name, ports, keys))
    (folder / "configuration").write_text(text)
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        listening = [port for written, port in ports.items() if written.startswith("10.0.0.10:")]
        eventually(lambda: all(map(_answers, listening)) or _ended(running, folder))
        yield
    finally:
        running.terminate()
        running.wait(SECONDS)


def _nginx(nginx: str, folder: Path, text: str) -> tuple[list[str], str]:
    room = "".join(f"{one}_temp_path {folder / one};\n" for one in _ROOM)
    rest = "daemon off; pid nginx.pid; error_log stderr;"
    user = " user root;" if os.geteuid() == 0 else ""
    command = [nginx, "-e", "stderr", "-p", str(folder), "-c", "configuration", "-g", rest + user]
    return command, text.replace("http {\n", f"http {{\n{room}", 1)


def _haproxy(haproxy: str, _folder: Path, text: str) -> tuple[list[str], str]:
    return [haproxy, "-db", "-f", "configuration"], text


_PREPARED: Mapping[str, Callable[[str, Path, str], tuple[list[str], str]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
}


def _answers(port: int) -> bool:
    try:
        socket.create_connection((ADDRESS, port), SECONDS).close()
    except ConnectionRefusedError:
        return False
    return True


def _ended(running: subprocess.Popen[bytes], folder: Path) -> bool:
    assert running.poll() is None, (folder / "log").read_text()
    return False
