"""The fake on its own, until it is told to end; it prints its address and every code it mails."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.fakes.deployed_gateway.gateway import DeployedGateway
from tests.fakes.deployed_gateway.server import serving
from tests.fakes.deployed_gateway.upstream import Behaviour
from tests.fakes.deployed_gateway.verification import Letter

ENDINGS = {signal.SIGINT, signal.SIGTERM}


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.deployed_gateway")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--upstream", choices=[one.value for one in Behaviour], default="creates")
    parser.add_argument("--slow", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--hang", action="store_true", help="the upstream never answers")
    given = parser.parse_args()
    gateway = DeployedGateway()
    gateway.upstream.behaviour = Behaviour(given.upstream)
    gateway.upstream.seconds = given.slow
    gateway.mail.on_sent = _print_code
    if given.hang:
        gateway.upstream.hang()
    # Blocked here, so that the threads of the server inherit it and only `sigwait` sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    with serving(gateway, port=given.port) as base_url:
        _print(f"Serving on {base_url}")
        signal.sigwait(ENDINGS)


def _print_code(letter: Letter) -> None:
    _print(f"Code for {letter.to}: {letter.code}")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
