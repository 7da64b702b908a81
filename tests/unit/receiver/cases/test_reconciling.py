"""Comparing with the feed: zero differences, or repaired ones (contract, section 5)."""

from __future__ import annotations

import json
from collections.abc import Mapping

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.receiver.cases.reconciling import Difference, Reconciliation, reconcile
from tests.unit.receiver.cases.conftest import PATIENCE, House, body_of, steps
from tests.unit.receiver.cases.facts import step

Shown = Mapping[str, object]


def feed_of_cases(**cases: int) -> list[Shown]:
    """So many events of each case, as the feed shows them."""
    return [
        json.loads(body_of(step(n, f"{case_id}_{n}"), case_id))
        for case_id, count in cases.items()
        for n in range(1, count + 1)
    ]


def had(house: House, case_id: str, *numbers: int) -> None:
    house.take(*[step(n, f"{case_id}_{n}") for n in numbers], case_id=case_id)


def compare(
    house: House, shown: list[Shown], *, case_id: str | None = None, repair: bool = False
) -> Reconciliation:
    return reconcile(
        house.ledger, lambda _case_id: shown, case_id=case_id, repair=repair, seconds=PATIENCE
    )


def test_where_all_has_come_there_are_no_differences(house: House) -> None:
    had(house, "a", 1, 2, 3)
    had(house, "b", 1, 2)

    told = compare(house, feed_of_cases(a=3, b=2))

    assert told == Reconciliation(compared=5)
    assert told.is_clean


def test_what_is_missing_is_named_and_left_unless_it_is_to_be_repaired(house: House) -> None:
    had(house, "a", 1, 3)
    house.wait(31)
    shown = feed_of_cases(a=4, b=1)

    told = compare(house, shown)

    assert not told.is_clean
    assert [(one.what, one.event_id, one.sequence) for one in told.differences] == [
        ("missing", "a_2", 2),
        ("missing", "a_4", 4),
        ("missing", "b_1", 1),
    ]
    assert house.lined_up() == ["a_1", "a_3"]

    repaired = compare(house, shown, repair=True)

    assert (repaired.repaired, repaired.is_clean) == (3, True)
    assert sorted(house.lined_up()) == ["a_1", "a_2", "a_3", "a_4", "b_1"]
    assert house.outcomes("a")["a_2"] == "late"
    assert compare(house, shown) == Reconciliation(compared=5)


def test_what_says_something_else_under_a_known_id_is_named_and_never_repaired(
    house: House,
) -> None:
    had(house, "a", 1, 2)
    other = attrs.evolve(step(2, "a_2"), status="cancelled")

    told = compare(house, [json.loads(body_of(other, "a"))], repair=True)

    assert told.differences == (
        Difference(what="different", case_id="a", event_id="a_2", sequence=2),
    )
    assert not told.is_clean


def test_of_one_case_it_is_named_too_what_the_feed_does_not_know(house: House) -> None:
    had(house, "a", 1, 2)
    house.take(step(1, "again"), case_id="a")  # which says nothing that the feed does not

    told = compare(house, feed_of_cases(a=1, b=4), case_id="a")

    assert told.differences == (
        Difference(what="unknown", case_id="a", event_id="a_2", sequence=2),
    )


def test_what_came_under_another_id_or_was_forgotten_is_not_missing(house: House) -> None:
    had(house, "a", 1, 2)
    gone = sa.text("DELETE FROM relay_events")
    house.store.write(lambda c: c.execute(gone)).result(PATIENCE)

    assert compare(house, feed_of_cases(a=2)).is_clean


def test_what_came_under_another_id_and_waits_is_not_missing(house: House) -> None:
    had(house, "a", 1)
    house.take(step(3, "by_another"), case_id="a")

    told = compare(house, feed_of_cases(a=3), repair=True)

    assert [one.event_id for one in told.differences] == ["a_2"]
    assert house.lined_up() == ["a_1", "a_2", "by_another"]


def test_what_says_something_else_under_a_known_number_does_not_stand_for_what_is_missing(
    house: House,
) -> None:
    had(house, "a", 1)
    house.take(attrs.evolve(step(2, "by_another"), status="cancelled"), case_id="a")

    told = compare(house, feed_of_cases(a=2), repair=True)

    assert [(one.what, one.event_id) for one in told.differences] == [("missing", "a_2")]
    assert house.lined_up() == ["a_1", "by_another", "a_2"]
    assert house.notes()["a_2"]["anomaly"] == "same_number"
    assert compare(house, feed_of_cases(a=2)).is_clean


@pytest.mark.parametrize("odd", ["evt\0", "x" * 2000])
def test_one_that_no_database_takes_is_counted_and_the_rest_is_repaired(
    house: House, odd: str
) -> None:
    house.take(*steps(1))
    bad, good = (json.loads(body_of(attrs.evolve(step(2), event_id=id))) for id in (odd, "evt_2"))

    told = compare(house, [bad, good], repair=True)

    assert (told.compared, told.unreadable, told.repaired) == (1, 1, 1)
    assert house.lined_up() == ["evt_1", "evt_2"]


def test_what_is_no_event_is_counted(small_house: House) -> None:
    small_house.take(*steps(1))

    told = compare(small_house, [{"id": "x"}, *feed_of_cases(), {}])

    assert (told.compared, told.unreadable) == (0, 2)
