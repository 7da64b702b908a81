"""The client without its blocking shell: everything else loads and works without `requests`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from fulfillment_sdk import client

ROOM = Path(client.__file__).parent
HTTP = {"requests", "urllib3", "http", "httpx", "aiohttp", "socket"}
# The shell itself, and what composes it with the rest.
SHELL = {"fulfillment_sdk.client.transport", "fulfillment_sdk.client.client"}

WITHOUT = """
import importlib, pkgutil, sys, types

sys.modules["requests"] = sys.modules["urllib3"] = None  # importing them is an error from here on
room = types.ModuleType("fulfillment_sdk.client")
room.__path__ = [sys.argv[1]]
sys.modules[room.__name__] = room
for found in pkgutil.walk_packages(room.__path__, "fulfillment_sdk.client."):
    if found.name not in sys.argv[2:]:
        importlib.import_module(found.name)
        print(found.name)
"""


def imported(path: Path) -> set[str]:
    """The packages that a file names in an import, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_transport_alone_speaks_http() -> None:
    speakers = {path.name for path in ROOM.rglob("*.py") if imported(path) & HTTP}
    assert speakers == {"transport.py"}
    assert [path.name for path in ROOM.rglob("*.py") if "ssl" in imported(path)] == ["tls.py"]


def test_all_but_the_shell_loads_without_requests() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(ROOM), *SHELL],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"fulfillment_sdk.client.exchange.exchange", "fulfillment_sdk.client.events"} <= loaded


def test_no_operation_sleeps_by_itself() -> None:
    # A pause is the shell's: `time.sleep` is a default, and something else can take its place.
    calls = {
        path.name
        for path in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}
    }
    assert calls == set()
