"""A sink that ends its process again and again does not keep others from getting their events."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment_sdk.relay import Event, Filter
from fulfillment_sdk.relay.doubt import ENDED
from tests.crash.processes import PRELOADED
from tests.integration.ending import ENDED_BY_A_SINK, Answers, live, open_relay
from tests.postgres import server

CASES = 12
MOST_STARTS = 30
PATIENCE = 30.0
CONTEXT = multiprocessing.get_context("forkserver")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/relay.db"
        return
    made = server().new_database()
    yield made
    server().drop_database(made)


def lives_until_it_ends(url: str, arrived: Path) -> int | None:
    CONTEXT.set_forkserver_preload(list(PRELOADED))
    process = CONTEXT.Process(target=live, args=(url, arrived, CASES))
    process.start()
    process.join(PATIENCE)
    process.kill()
    return process.exitcode


@pytest.mark.timeout(120)
def test_all_others_get_their_events_however_often_one_ends_the_process(
    url: str, tmp_path: Path
) -> None:
    arrived = tmp_path / "arrived"
    arrived.touch()
    relay = open_relay(url, Answers(arrived))
    for number in range(CASES):
        relay.accept(Event(f"e{number}", "t", f"case_{number}", None, b"{}")).result()

    ends: list[int | None] = []
    while 0 not in ends and len(ends) < MOST_STARTS:
        ends.append(lives_until_it_ends(url, arrived))

    assert ends[-1] == 0, f"only {arrived.read_text().split()} arrived"
    assert set(ends[:-1]) == {ENDED_BY_A_SINK}
    waiting = relay.undelivered().result()
    assert {one.destination for one in waiting} == {"bad"}
    assert len(waiting) == CASES, "nothing is lost, and nothing is given up early"
    failed = [one for one in waiting if one.why == ENDED]
    assert failed
    assert all(one.attempts >= 1 for one in failed)
    page = relay.attempts(Filter(destination="bad"), event_id=failed[0].event_id).result()
    assert {(one.outcome, one.why) for one in page} == {("retry", ENDED)}
    relay.close()
