"""Who listens on a taken port, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

from fulfillment_sdk.server.connections.listening import owner

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
# 127.0.0.1, as little-endian machines write it.
LINE = (
    "   0: 0100007F:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0  0"
)


def proc(folder: Path, *, port: int, state: str = "0A", pid: int = 4711) -> Path:
    (folder / "net").mkdir(parents=True)
    line = LINE.format(port=port, state=state)
    (folder / "net" / "tcp").write_text(f"{HEAD}\n{line} 99 1 0\n")
    fds = folder / str(pid) / "fd"
    fds.mkdir(parents=True)
    (fds / "3").symlink_to("socket:[99]")
    (folder / "1").mkdir()  # somebody else's: its files can't be listed
    (folder / "self").mkdir()
    return folder


def test_the_listener_of_a_port_is_found(tmp_path: Path) -> None:
    assert owner("127.0.0.1", 8000, proc=proc(tmp_path, port=8000)) == 4711


def test_nobody_listens_on_another_port(tmp_path: Path) -> None:
    assert owner("127.0.0.1", 8001, proc=proc(tmp_path, port=8000)) is None


def test_a_connection_from_a_port_is_no_listener(tmp_path: Path) -> None:
    assert owner("127.0.0.1", 8000, proc=proc(tmp_path, port=8000, state="01")) is None


def test_a_system_without_such_tables_tells_nothing(tmp_path: Path) -> None:
    assert owner("127.0.0.1", 8000, proc=tmp_path / "none") is None


def test_a_listener_on_another_address_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = proc(tmp_path, port=8000)
    assert owner("127.0.0.2", 8000, proc=folder) is None
    assert owner("::1", 8000, proc=folder) is None
    assert owner("0.0.0.0", 8000, proc=folder) == 4711


def test_a_listener_on_all_addresses_is_in_everybodys_way(tmp_path: Path) -> None:
    folder = proc(tmp_path, port=8000)
    table = folder / "net" / "tcp"
    table.write_text(table.read_text().replace("0100007F", "00000000"))
    assert owner("192.0.2.1", 8000, proc=folder) == 4711
