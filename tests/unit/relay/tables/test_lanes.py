"""Lanes are claimed by one worker at a time, in order, and settled by the lease's token only."""

from __future__ import annotations

import attrs
import pytest

from fulfillment_sdk.relay.schema import attempts
from fulfillment_sdk.relay.tables.alone import end_leases
from fulfillment_sdk.relay.tables.claim import MOST_AT_ONCE
from fulfillment_sdk.relay.tables.lanes import Settlement, shift
from fulfillment_sdk.relay.tables.line_up import line_up
from fulfillment_sdk.relay.tables.registry import remove
from fulfillment_sdk.store import Store
from tests.unit.relay.by_hand import LEASE, NOW, LaneRow, Tables, delivered, event, failed, to

LATER = NOW + LEASE


@pytest.fixture
def tables(store: Store) -> Tables:
    return Tables(store)


def test_a_claimed_lane_is_nobody_elses_until_its_lease_is_over(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (first,) = tables.claim()

    assert tables.claim(now=LATER - 0.001) == []
    (second,) = tables.claim(now=LATER)
    assert second.places == first.places
    assert second.token != first.token
    assert (first.until, second.until) == (LATER, LATER + LEASE)


def test_a_lanes_events_come_in_the_order_of_their_sequence_then_as_they_came_in(
    tables: Tables,
) -> None:
    tables.put(to())
    tables.accept(event("z", sequence=2), event("b"), event("a"), event("y", sequence=1))
    (claimed,) = tables.claim()

    assert tables.ids(claimed) == ["b", "a", "y", "z"]


def test_the_longest_due_lanes_go_first(tables: Tables) -> None:
    tables.put(to())
    for lane, waits in {"late": 1, "early": 30, "middle": 20}.items():
        tables.accept(event(lane, lane), now=NOW - waits)

    assert [tables.ids(one) for one in tables.claim(most=2)] == [["early"], ["middle"]]
    assert [tables.ids(one) for one in tables.claim(most=2)] == [["late"]]


def test_each_destination_gets_as_many_lanes_as_it_wants_in_one_claim(tables: Tables) -> None:
    tables.put(to("one"), to("two"), to("three"))
    tables.accept(*(event(f"e{n}", f"case_{n}") for n in range(4)))

    claimed = tables.claim(3, 1, most=3)
    assert [one.destination_no for one in claimed] == [3, 3, 3, 1, 1, 1]
    assert len({one.token for one in claimed}) == 1
    assert [(row.destination, row.leased) for row in tables.lanes()].count(("two", False)) == 4


def test_any_number_of_destinations_is_claimed_for_in_one_turn(tables: Tables) -> None:
    numbers = [one.no for one in tables.put(*(to(f"d{n}") for n in range(2 * MOST_AT_ONCE + 1)))]
    tables.accept(event("e1", "a"), event("e2", "b"))

    claimed = tables.claim(*reversed(numbers))
    assert [one.destination_no for one in claimed] == [no for no in reversed(numbers) for _ in "ab"]
    assert all(len(one.places) == 1 for one in claimed)


def test_nothing_is_claimed_for_whom_nothing_is_wanted(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))

    assert tables.claim(most=0) == []
    assert tables.claim(2) == []


def test_a_claim_holds_the_head_of_a_long_lane_and_the_whole_of_a_short_one(
    tables: Tables,
) -> None:
    tables.put(to())
    tables.accept(*(event(f"long{n}", "long", n) for n in range(1, 8)))
    tables.accept(*(event(f"short{n}", "short", n) for n in (1, 2, 3)))

    heads = sorted(tables.ids(one) for one in tables.claim(head=3))
    assert heads == [["long1", "long2", "long3"], ["short1", "short2", "short3"]]


def test_a_lane_that_is_drained_is_gone(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2"))
    (claimed,) = tables.claim()

    assert tables.settle(delivered(claimed)) == ["kept"]
    assert (tables.lanes(), tables.pending()) == ([], [])
    assert tables.count(attempts) == 2


def test_what_was_not_delivered_stays_and_waits_as_it_was_told(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2"), event("e3"))
    (claimed,) = tables.claim()
    one_arrived = delivered(claimed, 1, due_at=NOW + 30, tries=1, why="503")

    assert tables.settle(one_arrived) == ["kept"]
    assert tables.lanes() == [LaneRow("partner", 2, NOW + 30, False, 1, "503")]
    (again,) = tables.claim(now=NOW + 30)
    assert (tables.ids(again), again.tries, again.why) == (["e2", "e3"], 1, "503")


def test_a_lane_tells_which_event_its_tries_are_of(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e5", sequence=5))
    (claimed,) = tables.claim()
    assert claimed.tried is None
    five = claimed.places[0][1]
    tables.settle(attrs.evolve(failed(claimed, due_at=NOW), tries_of=five))
    tables.accept(event("e3", sequence=3))

    (again,) = tables.claim()
    assert (tables.ids(again), again.tries, again.tried) == (["e3", "e5"], 1, five)


def test_a_lane_that_is_put_back_without_a_time_is_due_at_once(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2"))
    (claimed,) = tables.claim()
    tables.settle(delivered(claimed, 1), now=NOW + 3)

    assert tables.lanes() == [LaneRow("partner", 1, NOW + 3, False, 0, "")]


def test_an_event_that_came_while_its_lane_was_under_way_is_not_settled_with_it(
    tables: Tables,
) -> None:
    tables.put(to())
    tables.accept(event("e2", sequence=2))
    (claimed,) = tables.claim()
    tables.accept(event("e1", sequence=1), event("e3", sequence=3))

    tables.settle(delivered(claimed))
    assert tables.pending() == [("partner", "e1"), ("partner", "e3")]
    assert [row.pending for row in tables.lanes()] == [2]


def test_accepting_ends_neither_a_lease_nor_a_back_off(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (claimed,) = tables.claim()
    tables.accept(event("e2"))
    assert tables.claim() == []

    tables.settle(failed(claimed, due_at=NOW + 5))
    tables.accept(event("e3"))
    assert tables.lanes() == [LaneRow("partner", 3, NOW + 5, False, 1, "503")]


def test_a_late_word_about_a_lost_lease_changes_nothing(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (late,) = tables.claim()
    (new,) = tables.claim(now=LATER)

    assert tables.settle(delivered(late), now=LATER) == ["lost"]
    assert tables.pending() == [("partner", "e1")]
    assert tables.count(attempts) == 0
    assert tables.settle(delivered(new), now=LATER) == ["kept"]


def test_a_lease_that_is_over_but_nobody_elses_is_still_settled(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (claimed,) = tables.claim()

    assert tables.settle(delivered(claimed), now=LATER + 100) == ["kept"]
    assert tables.pending() == []


def test_a_settlement_counts_once(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2"))
    (claimed,) = tables.claim()
    half = delivered(claimed, 1)

    assert tables.settle(half, half) == ["kept", "lost"]
    assert tables.settle(half) == ["lost"]
    assert [row.pending for row in tables.lanes()] == [1]
    assert tables.count(attempts) == 1


def test_a_batch_keeps_what_is_ours_and_drops_what_is_not(tables: Tables) -> None:
    tables.put(to("one"), to("two"))
    tables.accept(*(event(f"e{n}", f"case_{n}") for n in range(3)))
    claimed = tables.claim(1, 2)
    foreign = attrs.evolve(claimed[2], token="another's")
    batch = [
        delivered(claimed[0]),
        failed(claimed[1], due_at=NOW + 5),
        delivered(foreign),
        delivered(claimed[3]),
        Settlement(claim=claimed[4], dead=((claimed[4].places[0], 3, "422"),)),
    ]

    assert tables.settle(*batch) == ["kept", "kept", "lost", "kept", "kept"]
    left = [(row.destination, row.leased, row.why) for row in tables.lanes()]
    assert sorted(left) == [("one", False, "503"), ("one", True, ""), ("two", True, "")]
    assert tables.letters() == ["422"]
    assert len(tables.pending()) == 3


def test_nothing_to_settle_is_settled(tables: Tables) -> None:
    assert tables.settle() == []


def test_a_dead_event_frees_its_lane_for_those_behind_it(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2"))
    (claimed,) = tables.claim()
    tables.settle(Settlement(claim=claimed, dead=((claimed.places[0], 3, "422"),)))

    assert tables.letters() == ["422"]
    assert tables.pending() == [("partner", "e2")]
    assert tables.lanes() == [LaneRow("partner", 1, NOW, False, 0, "")]


def test_an_event_that_dies_again_keeps_one_letter_with_the_last_cause(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    for why in ("422", "400"):
        (claimed,) = tables.claim()
        (place,) = claimed.places
        tables.settle(Settlement(claim=claimed, dead=((place, 3, why),)))
        row = {
            "destination_no": 1, "lane": claimed.lane, "position": place[0], "event": place[1],
        }  # fmt: skip
        tables.write(lambda c, row=row, key=claimed.key: line_up(c, [row], {key: NOW}))  # type: ignore[misc]

    assert tables.letters() == ["400"]


def test_a_cause_that_no_database_takes_is_kept_as_far_as_it_goes(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (claimed,) = tables.claim()
    odd = "refused\x00 with \ud800" + "x" * 5000

    assert tables.settle(failed(claimed, odd, due_at=NOW + 5)) == ["kept"]
    (row,) = tables.lanes()
    assert row.why.startswith("refused with ?xxx")
    assert len(row.why) == 1000


def test_what_is_reported_of_a_removed_destination_is_lost(tables: Tables) -> None:
    tables.put(to("one"), to("two"))
    tables.accept(event("e1"))
    one, two = tables.claim(1, 2)
    tables.write(lambda c: remove(c, "one"))

    assert tables.settle(delivered(one), delivered(two)) == ["lost", "kept"]
    assert tables.count(attempts) == 1


def test_a_renewed_lease_lasts_from_now_on(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (claimed,) = tables.claim()

    assert tables.renew(claimed, now=NOW + 15) == {claimed.key}
    assert tables.claim(now=LATER) == []
    assert tables.settle(delivered(claimed), now=NOW + 30) == ["kept"]


def test_only_what_is_still_ours_is_renewed(tables: Tables) -> None:
    tables.put(to("one"), to("two"))
    tables.accept(event("e1"))
    one, two = tables.claim(1, 2)
    (taken,) = tables.claim(1, now=LATER)

    assert tables.renew(one, two, now=LATER + 1) == {two.key}
    assert {row.destination: row.due_at for row in tables.lanes()} == {
        "one": taken.until,
        "two": LATER + 1 + LEASE,
    }
    assert tables.renew(now=LATER) == set()


def test_each_destination_with_something_pending_tells_when_it_is_due(tables: Tables) -> None:
    tables.put(to("one"), to("idle", types=("other",)), to("off", enabled=False), to("two"))
    tables.accept(event("e1"), now=NOW)
    tables.accept(event("e2", "case_2"), now=NOW - 10)
    (claimed,) = tables.claim(4, most=1)

    assert tables.earliest() == {1: NOW - 10, 4: NOW}
    tables.settle(failed(claimed, due_at=NOW + 60))
    tables.claim(4)
    assert tables.earliest() == {1: NOW - 10, 4: LATER}


def test_a_new_dispatcher_that_is_alone_ends_the_leases_of_the_dead(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2", "case_2"))
    (claimed,) = tables.claim(most=1)
    tables.write(lambda c: end_leases(c, NOW + 1))

    assert len(tables.claim(now=NOW + 1)) == 2
    assert tables.settle(delivered(claimed), now=NOW + 1) == ["lost"]


@pytest.mark.parametrize(("seconds", "waits"), [(-3600, -3600 + 60), (3600, 60)])
def test_a_clock_that_was_set_moves_what_it_would_distort(
    tables: Tables, seconds: float, waits: float
) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2", "case_2"))
    leased, waiting = tables.claim()
    tables.settle(failed(waiting, due_at=NOW + 60))
    tables.write(lambda c: shift(c, seconds, now=NOW + seconds))

    due = {row.leased: row.due_at for row in tables.lanes()}
    assert due == {True: leased.until + seconds, False: NOW + waits}
