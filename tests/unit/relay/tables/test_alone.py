"""Lanes that were lost with whoever had them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.relay.doubt import ALONE, COUNTED, ENDED, Doubted
from fulfillment_sdk.relay.tables.alone import claim_alone, end_leases, in_doubt
from fulfillment_sdk.relay.tables.lanes import Claim
from tests.unit.relay.both import DATABASES, empty_store
from tests.unit.relay.by_hand import LEASE, NOW, Tables, delivered, event, failed, to

LATER = NOW + LEASE


@pytest.fixture(params=DATABASES)
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    with empty_store(request.param, tmp_path, lambda: NOW) as store:
        yield Tables(store)


def ends(tables: Tables, times: int = 1, *, alone: bool = True, now: float = NOW) -> list[int]:
    """Let a dispatcher begin so often, each behind one that ended with all that is due in hand."""
    freed = []
    for _ in range(times):
        tables.claim(now=now)
        freed.append(tables.write(lambda c: end_leases(c, now, alone=alone)))
    return freed


def doubted(tables: Tables) -> list[Doubted]:
    return list(tables.store.read(in_doubt).result())


def alone(tables: Tables, one: Doubted, *, now: float = NOW, beside: bool = False) -> list[Claim]:
    return tables.write(lambda c: claim_alone(c, one, now, LEASE, 20, beside=beside))


def test_what_was_in_hand_once_is_claimed_as_ever(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2", "case_2"))

    assert ends(tables) == [2]
    assert doubted(tables) == []
    assert [one.lost for one in tables.claim()] == [1, 1]


def test_what_was_in_hand_goes_before_a_backlog(tables: Tables) -> None:
    tables.put(to())
    for number in range(5):
        tables.accept(event(f"e{number}", f"case_{number}"), now=NOW - 9 + number)
    (first,) = tables.claim(most=1)
    tables.write(lambda c: end_leases(c, NOW))

    tables.accept(event("e9", "case_9"), now=NOW - 60)
    assert [tables.ids(one) for one in tables.claim(most=2)] == [["e9"], tables.ids(first)]


def test_what_was_in_hand_at_two_ends_goes_alone(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2", "case_2"))
    ends(tables, 2)

    assert tables.claim() == []
    first, second = doubted(tables)
    assert (first.lost, first.counted) == (ALONE, False)
    (claimed,) = alone(tables, first)
    assert claimed.lost == ALONE
    assert alone(tables, first) == [], "it is ours"
    tables.settle(delivered(claimed))
    assert doubted(tables) == [second]


def test_what_was_alone_at_an_end_is_to_be_counted(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2", "case_2"))
    ends(tables, 2)
    first, second = doubted(tables)
    alone(tables, first)
    tables.write(lambda c: end_leases(c, NOW))

    assert sorted(one.lost for one in doubted(tables)) == [ALONE, COUNTED]
    (claimed,) = alone(tables, attrs.evolve(first, lost=COUNTED))
    counted = attrs.evolve(failed(claimed, ENDED, due_at=NOW + 5), lost=ALONE)
    tables.settle(counted)
    assert {(one.lane, one.counted) for one in doubted(tables)} == {
        (first.lane, True),
        (second.lane, False),
    }
    assert alone(tables, first) == [], "it waits"


def test_an_answer_clears_a_case_whatever_it_says(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    ends(tables, 2)
    (one,) = doubted(tables)
    (claimed,) = alone(tables, one)
    tables.settle(failed(claimed, due_at=NOW))

    assert doubted(tables) == []
    assert [one.lost for one in tables.claim()] == [0]


@pytest.mark.parametrize("runs_out", [False, True])
def test_an_end_says_nothing_more_of_what_was_not_alone(tables: Tables, runs_out: bool) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    ends(tables, 2)
    (one,) = doubted(tables)
    (claimed,) = alone(tables, one, beside=True)
    assert claimed.lost == ALONE, "it goes one event at a time, and keeps others waiting"

    if runs_out:
        assert tables.claim(now=LATER) == []
    else:
        tables.write(lambda c: end_leases(c, NOW))
    assert [one.lost for one in doubted(tables)] == [ALONE]


def test_what_is_only_to_be_recorded_stays_so_beside_another(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    ends(tables, 2)
    (one,) = doubted(tables)
    alone(tables, one)
    tables.write(lambda c: end_leases(c, NOW))
    (one,) = doubted(tables)

    alone(tables, one, beside=True)
    assert [one.lost for one in doubted(tables)] == [COUNTED]


@pytest.mark.parametrize("only_one", [True, False])
def test_where_all_ended_as_they_should_nothing_is_in_doubt_any_more(
    tables: Tables, only_one: bool
) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    ends(tables, 2)

    tables.write(lambda c: end_leases(c, NOW, alone=only_one))
    assert doubted(tables) == []
    assert len(tables.claim()) == 1


def test_what_is_in_doubt_stays_so_where_others_have_something_in_hand(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    ends(tables, 2)
    tables.accept(event("e2", "case_2"))
    tables.claim()

    assert tables.write(lambda c: end_leases(c, NOW, alone=False)) == 0
    assert [one.lost for one in doubted(tables)] == [ALONE]


def test_one_among_many_frees_only_what_has_run_out(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    assert ends(tables, alone=False) == [0]

    assert tables.write(lambda c: end_leases(c, LATER, alone=False)) == 1
    assert [one.lost for one in tables.claim(now=LATER)] == [1]


def test_a_lease_that_runs_out_has_lost_its_lane_as_well(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    tables.claim()
    assert [one.lost for one in tables.claim(now=LATER)] == [1]
    assert tables.claim(now=LATER + LEASE) == []

    (one,) = doubted(tables)
    assert one.lost == ALONE
    (claimed,) = alone(tables, one, now=LATER + LEASE)
    assert claimed.lost == ALONE
    assert alone(tables, one, now=LATER + 2 * LEASE)[0].lost == COUNTED
