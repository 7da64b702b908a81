"""`fulfillment serve` as a process: its folder, its port, its end (contract, section 7)."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
import requests

from ._server import SECONDS, ServerProcess, clean_environment, command


def refused(folder: Path, *flags: str, environ: dict[str, str] | None = None) -> str:
    """Run a server that must not start, and return what it says."""
    ended = subprocess.run(
        command("serve", "--data", str(folder), *flags),
        env=clean_environment(environ),
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: ")
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_serves_and_ends_with_status_0(
    tmp_path: Path, number: signal.Signals
) -> None:
    with ServerProcess(tmp_path / "data") as server:
        assert requests.get(f"{server.address}/healthz", timeout=SECONDS).status_code == 200
        assert requests.get(f"{server.address}/readyz", timeout=SECONDS).status_code == 200
        assert (tmp_path / "data" / "pid").read_text() == f"{server.pid}\n"
        server.signal(number)
        assert server.wait() == 0
    assert server.further_output == []
    assert not (tmp_path / "data" / "pid").exists()


def test_everything_in_its_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data"):
        files = {path.name: path.stat() for path in (tmp_path / "data").iterdir()}
    assert {"staff-token", "jwt-keys", "gateway.db", "portal.db"} <= files.keys()
    assert {name for name, found in files.items() if stat.S_IMODE(found.st_mode) & 0o077} == set()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_second_server_on_the_same_folder_or_port_names_the_first(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as first:
        pid, port = first.pid, first.port
        same_folder = refused(tmp_path / "data", "--dev", "--port", "0")
        same_port = refused(tmp_path / "other", "--dev", "--port", str(port))
    assert f"in use by process {pid}" in same_folder
    assert f"Port {port} on 127.0.0.1 is in use by process {pid}" in same_port


def test_a_killed_servers_folder_can_be_used_again(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    server.signal(signal.SIGKILL)
    assert server.wait() == -signal.SIGKILL
    with server:
        assert (tmp_path / "data" / "pid").read_text() == f"{server.pid}\n"


def test_without_dev_it_says_what_to_set(tmp_path: Path) -> None:
    said = refused(tmp_path / "data")
    assert "FULFILLMENT_SMTP_URL" in said
    assert "FULFILLMENT_PUBLIC_URL" in said
    assert not (tmp_path / "data").exists()


def test_a_misspelt_variable_stops_it(tmp_path: Path) -> None:
    said = refused(tmp_path / "data", "--dev", environ={"FULFILLMENT_CASE_RAET": "1"})
    assert "Did you mean FULFILLMENT_CASE_RATE?" in said


def test_secrets_stand_in_no_log(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", flags=["--dev", "--verbose"]) as server:
        header = {"Authorization": f"Bearer {server.staff_token}"}
        requests.get(f"{server.address}/portal/api/cases/", headers=header, timeout=SECONDS)
        names = ("staff-token", "intake-token", "notify-secrets", "jwt-keys", "storage-keys")
        kept = [(server.folder / name).read_text().strip() for name in names]
    assert "route=/portal/api/cases/" in server.log
    assert not [secret for secret in kept if secret in server.log]


def test_a_head_without_an_end_is_cut_off(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path / "data") as server,
        socket.create_connection(("127.0.0.1", server.port), SECONDS) as connection,
    ):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Padding: " + b"a" * 70_000)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"\r\nx-request-id: req_" in answer


def test_what_is_no_http_is_refused(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path / "data") as server,
        socket.create_connection(("127.0.0.1", server.port), SECONDS) as connection,
    ):
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 400 ")


def test_a_head_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as server:
        headers = {"X-Padding": "a" * 70_000}
        answer = requests.get(f"{server.address}/healthz", headers=headers, timeout=SECONDS)
    assert answer.status_code == 431


def test_dev_serves_loopback_names_only(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as server:
        for headers in ({"Host": "evil.example"}, {"X-Forwarded-For": "203.0.113.9"}):
            answer = requests.get(f"{server.address}/healthz", headers=headers, timeout=SECONDS)
            assert answer.status_code == 400


def test_a_setting_without_effect_is_remarked_on_at_the_start(tmp_path: Path) -> None:
    environ = {"FULFILLMENT_REGISTRATION_LIST": "Hope Foundation"}
    with ServerProcess(tmp_path / "data", environ=environ) as server:
        pass
    [line] = [line for line in server.log.splitlines() if "level=warning" in line]
    assert "FULFILLMENT_REGISTRATION_LIST has no effect" in line
    assert "Hope" not in line
