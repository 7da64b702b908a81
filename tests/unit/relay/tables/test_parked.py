"""A lane that a wrong clock put off comes as soon as its destination's policy would let it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import RetryPolicy
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.picker import Picker
from fulfillment_sdk.relay.tables.parked import LEASE_SECONDS, LEAST_SECONDS, MOST, bring_nearer
from fulfillment_sdk.store import Store
from tests.unit.relay.both import DATABASES, empty_store
from tests.unit.relay.by_hand import NOW, Tables, event, failed, to
from tests.unit.relay.conftest import Clock

YEAR = 365 * 86_400.0


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def tables(store: Store) -> Tables:
    return Tables(store)


def put_off(tables: Tables, seconds: float) -> None:
    """Have the lane of `case_1` wait."""
    tables.accept(event("e1"))
    (claimed,) = tables.claim()
    tables.settle(failed(claimed, due_at=NOW + seconds))


def waits(tables: Tables) -> list[float]:
    return [row.due_at - NOW for row in tables.lanes()]


def brought(tables: Tables) -> int:
    return tables.write(lambda c: bring_nearer(c, now=NOW))


@pytest.mark.parametrize(
    ("policy", "rate", "longest"),
    [
        (RetryPolicy((0, 500, 100), jitter=0.5), None, 750.0),
        (RetryPolicy((0, 1)), None, LEAST_SECONDS),
        (RetryPolicy((0, 1)), 0.01, 100.0),
    ],
)
def test_no_lane_waits_longer_than_its_policy_lets_it(
    tables: Tables, policy: RetryPolicy, rate: float | None, longest: float
) -> None:
    tables.put(to(policy=policy, rate=rate), to("other"))
    put_off(tables, YEAR)

    assert brought(tables) == 1
    assert sorted(waits(tables)) == [0.0, longest]
    assert brought(tables) == 0


def test_what_waits_as_it_should_is_left_alone(tables: Tables) -> None:
    tables.put(to(policy=RetryPolicy((0, 500), jitter=0)))
    put_off(tables, 500)

    assert brought(tables) == 0
    assert waits(tables) == [500.0]


def test_a_lease_may_be_longer_and_one_of_a_wrong_clock_ends(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (claimed,) = tables.claim(lease=LEASE_SECONDS - 1)
    assert brought(tables) == 0

    tables.renew(claimed, now=NOW + YEAR)
    assert brought(tables) == 1
    (row,) = tables.lanes()
    assert (row.due_at - NOW, row.leased) == (LEASE_SECONDS, True)
    assert tables.renew(claimed, now=NOW + 5) == {claimed.key}, "its holder keeps it"


@pytest.mark.parametrize("alone", [True, False])
def test_a_dispatcher_looks_for_such_lanes_when_it_begins_and_now_and_then(
    tables: Tables, store: Store, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    monkeypatch.setattr(store, "now", lambda _connection: NOW)
    tables.put(to())
    picker = Picker(store, {}, Hands(), lease=20.0, poll=1.0)
    picker.alone = alone

    def look(steady: float) -> list[float]:
        plan = picker.plan(steady, look=True)
        assert plan is not None
        picker.learn(plan, tables.write(lambda c: picker.pick(c, plan)), steady)
        return waits(tables)

    put_off(tables, YEAR)
    assert look(1000.0) == [120.0]
    (claimed,) = tables.claim(now=NOW + 200)
    tables.settle(failed(claimed, due_at=NOW + YEAR))
    assert look(1050.0) == [YEAR]
    assert look(1061.0) == [120.0]


def test_a_million_lanes_come_nearer_in_portions(tables: Tables) -> None:
    tables.put(to())
    tables.accept(*(event(f"e{index}", f"case_{index}") for index in range(MOST + 1)))
    tables.write(lambda c: c.execute(sa.text(f"UPDATE relay_lanes SET due_at = {NOW + YEAR}")))

    assert (brought(tables), brought(tables), brought(tables)) == (MOST, 1, 0)
    assert max(waits(tables)) < YEAR
