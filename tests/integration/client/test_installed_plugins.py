"""Plugins as they are installed: found by their entry points in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_client_over_sockets import Silent, serving

ROOT = Path(__file__).parents[3]

WATCHING = """
from fulfillment_sdk.plugins import hookimpl

seen = []

@hookimpl
def fulfillment_after_response(request, response, seconds, error):
    seen.append([request.route, response.status, seconds > 0, error])
"""

SCRIPT = """
import importlib.metadata
import json
import sys

look, looks = importlib.metadata.entry_points, []

def looking(**wanted):
    looks.append(wanted)
    return look(**wanted)

importlib.metadata.entry_points = looking

from fulfillment_sdk import Client

problems = []
for _ in range(2):
    with Client(base_url=sys.argv[1], token="t0ken") as client:
        list(client.cases.list())
        list(client.with_options(timeout=5.0).cases.list())
        problems.append([[one.name, one.version, one.cause] for one in client.plugin_problems])

watching = sys.modules.get("watching_plugin")
print(json.dumps({
    "looks": looks.count({"group": "fulfillment_sdk"}),
    "seen": watching and watching.seen,
    "problems": problems,
    "pluggy": "pluggy" in sys.modules,
}))
"""

ROUTE = "/api/webhook/webform/cases/"


class Empty(Silent):
    def do_GET(self) -> None:  # noqa: N802
        self.answer(200, b'{"items": []}', Content_Type="application/json")


def install(folder: Path, name: str, version: str, source: str) -> None:
    """Put a distribution with one plugin into a folder."""
    info = folder / f"{name}_plugin-{version}.dist-info"
    info.mkdir()
    (folder / f"{name}_plugin.py").write_text(source)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: {version}\n"
    )
    (info / "entry_points.txt").write_text(f"[fulfillment_sdk]\n{name} = {name}_plugin\n")


def run(folder: Path, **environ: str) -> dict[str, object]:
    with serving(Empty) as server:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, f"http://127.0.0.1:{server.server_port}"],
            capture_output=True,
            text=True,
            timeout=50,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), **environ},
        )
    assert done.returncode == 0, done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


def test_an_installed_plugin_watches_and_a_broken_one_is_named_with_its_version(
    tmp_path: Path,
) -> None:
    install(tmp_path, "watching", "2.5", WATCHING)
    install(tmp_path, "broken", "0.3", "1 / 0")

    report = run(tmp_path)

    assert report["seen"] == [[ROUTE, 200, True, None]] * 4
    broken = [["broken", "0.3", f"ZeroDivisionError at {tmp_path / 'broken_plugin.py'}:1"]]
    assert report["problems"] == [broken, broken]


def test_a_process_looks_once_however_many_clients_and_requests(tmp_path: Path) -> None:
    install(tmp_path, "watching", "2.5", WATCHING)
    assert run(tmp_path)["looks"] == 1


@pytest.mark.parametrize(("names", "looks"), [("*", 0), ("broken,watching", 1)])
def test_the_environment_switches_them_off_before_they_are_imported(
    tmp_path: Path, names: str, looks: int
) -> None:
    install(tmp_path, "watching", "2.5", WATCHING)
    install(tmp_path, "broken", "0.3", "1 / 0")

    report = run(tmp_path, FULFILLMENT_DISABLE_PLUGINS=names)

    assert report == {"looks": looks, "seen": None, "problems": [[], []], "pluggy": looks == 1}
