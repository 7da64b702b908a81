"""The README keeps its word."""

from __future__ import annotations

import re
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from tests.documents.conftest import Reader
from tests.documents.reading import ROOT, blocks
from tests.journeys._staff import Staff

README = ROOT / "README.md"


class Quiet(WSGIRequestHandler):
    """Says nothing about the requests that it serves."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_two_commands_do_all_the_set_up() -> None:
    demo, tests = (block.source for block in blocks(README, "console"))
    assert demo.startswith("python3 -m venv .venv && ")
    assert demo.endswith("/fulfillment demo\n")
    assert tests.startswith("python3 -m venv .venv && ")
    assert tests.endswith("/tox\n")


def test_ci_runs_the_readmes_test_command_and_nothing_else() -> None:
    _, tests = (block.source for block in blocks(README, "console"))
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    setting_up = {"set -euo pipefail", 'cd "$(dirname "$0")/.."', ".ci/system-packages"}
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert [line for line in commands if line not in setting_up] == [tests.strip()]


def test_it_says_what_this_is_in_five_lines() -> None:
    text = README.read_text("utf-8")
    about = re.search(r"<!-- about -->\n(.*?)<!-- /about -->", text, re.DOTALL)
    assert about is not None
    assert len(about[1].splitlines()) <= 5


def test_a_first_case_and_a_first_sink_take_ten_lines_each() -> None:
    lengths = [
        len([line for line in block.source.splitlines() if line.strip()])
        for block in blocks(README, "python")
    ]
    assert len(lengths) == 2
    assert max(lengths) <= 10


def test_its_first_case_reaches_its_first_sink(reader: Reader) -> None:
    page = reader.read(README)
    case = page.names.case
    assert page.printed.get(timeout=20) == f"{case.id} {case.reference_number}"
    with make_server("127.0.0.1", page.partner_port, page.names.app, handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        staff = Staff(reader.server)
        staff.hire()
        staff.move(case.id, "allocated")
        # The creation itself is heard too if the subscription was quicker than the portal's word.
        said = iter(lambda: page.printed.get(timeout=20), "")
        assert f"{case.reference_number} allocated Case allocated to worker" in said
        server.shutdown()
