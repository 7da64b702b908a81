"""Receivers and dispatchers on several hosts and one PostgreSQL database, some of them killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment_sdk import Receiver
from tests.crash import verdict
from tests.crash.rest import Rest, await_rest
from tests.postgres import server

from ._host import HELD, INBOX
from ._hosts import KEYS, SECRET, Hosts, sending

pytest.importorskip("gunicorn", minversion="25.1", reason="needs its --no-control-socket")

CASES = [f"case-{number}" for number in range(5)]
EVENTS = 25  # of each case


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    url = server().new_database()
    hosts = Hosts.on(url, tmp_path)
    yield hosts
    hosts.close()
    server().drop_database(url)


@pytest.mark.timeout(180)
def test_a_web_host_and_a_dispatcher_that_are_killed_take_nothing_along(hosts: Hosts) -> None:
    for _ in range(2):
        hosts.serve()
    hosts.send(HELD, 1)  # so that there is a database to dispatch from
    for _ in range(3):
        hosts.dispatch()

    stuck = hosts.until("case that a dispatcher is stuck on", bool)[0].life
    with sending(hosts, CASES, EVENTS):
        hosts.until("progress", lambda arrived: len(arrived) > len(CASES) * EVENTS // 4)
        hosts.take_down(1)
        hosts.dispatchers[stuck].kill()
        hosts.go_on()
        hosts.send(HELD, 2)
    total = len(CASES) * EVENTS + 2
    hosts.until("arrival of all", lambda all_: len({told.event_id for told in all_}) == total)

    # Whoever is left passes on what comes next, each of them alone.
    one, other = (process for pid, process in hosts.dispatchers.items() if pid != stuck)
    one.signal_all(signal.SIGSTOP)
    hosts.send("case-8", 1)
    hosts.until("arrival through one", lambda arrived: arrived[-1].case == "case-8")
    one.signal_all(signal.SIGCONT)
    assert other.end() == 0
    hosts.send("case-9", 1)
    hosts.until("arrival through the other", lambda arrived: arrived[-1].case == "case-9")
    assert one.end() == 0
    assert hosts.web[0].end() == 0
    with Receiver([SECRET], hosts.url, load_entry_points=False, storage_keys=KEYS) as asking:
        (use,) = asking.secret_totals().result(30)
    assert use.count >= hosts.acknowledged_by(0) > 0, "who ends in good order leaves its counts"
    await_rest(hosts.url)

    arrived = hosts.arrived()
    assert [told.life for told in arrived if told.sequence == 1][-2:] == [other.pid, one.pid]
    assert {told.life for told in arrived if told.case == HELD} > {stuck}
    rest = Rest.of(hosts.url)
    verdict.coherent(rest)
    verdict.kept_in_full(hosts.witness, rest, [INBOX.name])
    verdict.all_done(hosts.witness, rest, [INBOX.name])
    verdict.handed_in_before_it_arrived(hosts.witness)
    verdict.in_order(arrived, INBOX.name)
    verdict.repeated_only_by_force(arrived, {stuck} | hosts.late())
    assert rest.leased == 0
