"""What an import costs in fresh processes, and what is only put off until the first call.

Ours beside what others' kits and `requests` cost.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.report import Aim, Result, Table, say
from benchmarks.run import Bench

NOTHING = "nothing"
BESIDE = "import requests"
ATTRS = "import requests; import attrs"
CLIENT = "from fulfillment_sdk import Client, NewCase"
MADE = f"{CLIENT}; Client(base_url=…)"
POSTED = f"{BESIDE}; a first post"
CREATED = f"{CLIENT}; a first case"

# Answers by itself: what is loaded counts here, not what the network does.
_SESSION = """
import io, requests
from requests.adapters import BaseAdapter
class Gateway(BaseAdapter):
    def send(self, request, **settings):
        answer = requests.Response()
        answer.status_code = 201
        answer.raw = io.BytesIO(b'{"id": "case_1", "reference_number": "HL-1"}')
        return answer
    def close(self):
        pass
session = requests.Session()
session.mount("https://", Gateway())
"""
_CREATED = f"""
{_SESSION}
{CLIENT}, Person
client = Client(base_url="https://gateway.example", token="any", session=session)
client.cases.create(NewCase(
    reporter=Person(fname="John Doe"), gbv_related=False, case_category_id="362484",
    narrative="Harassment at the workplace.", plan="Refer to legal aid.", priority="2", status="1",
))
"""
CODE: Mapping[str, str] = {
    NOTHING: "pass",
    BESIDE: BESIDE,
    ATTRS: ATTRS,
    "import fulfillment_sdk": "import fulfillment_sdk",
    CLIENT: CLIENT,
    MADE: f"{CLIENT}\nClient(base_url='https://gateway.example', token='any')",
    POSTED: f"{_SESSION}\nsession.post('https://gateway.example/', json={{}}).json()['id']",
    CREATED: _CREATED,
    "import stripe": "import stripe",
    "import svix": "import svix",
}
AIMED = ("import fulfillment_sdk", CLIENT)
ROUNDS, FEW = 40, 5

_TIMED = """
import sys, time
begin, busy = time.perf_counter(), time.process_time()
{statement}
seconds, cpu = time.perf_counter() - begin, time.process_time() - busy
status = open("/proc/self/status").read()
print(seconds, cpu, len(sys.modules), status.partition("VmRSS:")[2].split()[0])
"""

Timed = tuple[float, float, float, float]


def run(bench: Bench) -> Result:
    """Import each in turn, in a process of its own, round by round."""
    result = Result("imports", "imports in fresh processes, from a warm disk")
    rounds = FEW if bench.short else ROUNDS
    # One place for everybody's byte code, whether pip has compiled them or they are a checkout.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(bench.new_folder())}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    found: dict[str, list[Timed]] = {one: [] for one in CODE}
    for turn in range(rounds + 1):
        for statement, timed in found.items():
            one = _import(CODE[statement], environment)
            if turn:  # the first writes the byte code and fills the caches
                timed.append(one)
    middle = {
        statement: tuple(statistics.median(column) for column in zip(*timed, strict=True))
        for statement, timed in found.items()
    }
    for statement, (seconds, *_) in middle.items():
        say(f"imports: {statement}: {seconds * 1000:.1f} ms")
    beside = middle[BESIDE]
    result.tables.append(
        Table(
            f"Median of {rounds} processes each",
            ("", "ms", "x requests", "CPU ms", "modules", "MiB"),
            tuple(
                (
                    statement,
                    seconds * 1000,
                    seconds / beside[0],
                    cpu * 1000,
                    int(modules - middle[NOTHING][2]),
                    kilobytes / 1024,
                )
                for statement, (seconds, cpu, modules, kilobytes) in middle.items()
            ),
        )
    )
    result.aims += [
        Aim(f"{statement}: x requests", "at most", 1.3, middle[statement][0] / beside[0])
        for statement in AIMED
    ]
    result.remarks.append("A client that is made needs both, requests and attrs.")
    result.remarks.append("`modules` are those that came with the import; MiB is the process's.")
    return result


def _import(code: str, environment: Mapping[str, str]) -> Timed:
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(statement=code)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, cpu, modules, kilobytes = map(float, done.stdout.split())
    return seconds, cpu, modules, kilobytes
