"""hookspool's intake: one process, a thread per connection, SQLite (WAL, FULL), a commit per event.

To its favour: a thread for each of our connections instead of 16 in all, no second copy of the body
(`store_raw`), no dispatcher beside it, and a Unix socket too, on which the 40 ms of Nagle's
algorithm against delayed acknowledgements don't occur.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from hookspool.__main__ import main as hookspool

from benchmarks import events
from benchmarks.processes import Spec, end_with_parent, many_files, tell

CONFIG = """
[spool]
store_raw = false
[intake]
listen = "{listen}"
threads = 256
[alerts]
dry = true
[sources.bench]
module = "hookspool.sources.template"
scheme = "hmac-sha256-hex"
header = "X-Signature"
prefix = "sha256="
key = "data.case_id"
dedup = "header:X-Delivery-Id"
event_type = "type"
span = "immediate"
action = "script:nothing"
secrets.secret = {{ file = "{home}/secret" }}
[destinations."script:nothing"]
argv = ["/bin/true"]
state_dir = "{home}/out"
"""


def main(kind: str, spec: Spec) -> None:
    """Write its configuration, create its spool, and run its intake."""
    many_files()
    home = Path(spec["data"])
    home.mkdir(parents=True, exist_ok=True)
    secret = home / "secret"
    secret.write_text(events.SECRET)
    secret.chmod(0o600)
    place: dict[str, object]
    if kind == "unix":
        place, listen = {"unix": str(home / "intake.sock")}, f"unix:{home / 'intake.sock'}"
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        place, listen = {"port": port}, f"127.0.0.1:{port}"
    (home / "config.toml").write_text(CONFIG.format(listen=listen, home=home))
    for command in ("check", "migrate"):
        if code := hookspool(["--home", str(home), command]):
            raise SystemExit(code)
    end_with_parent()
    tell(**place)
    raise SystemExit(hookspool(["--home", str(home), "intake"]))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
