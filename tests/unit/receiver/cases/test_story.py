"""What was received of a case, when, what is missing, and why something was not passed on."""

from __future__ import annotations

import functools

import attrs
import pytest

from fulfillment_sdk.receiver.cases import deliveries
from fulfillment_sdk.receiver.cases.story import NOWHERE, OUTCOMES, explained
from fulfillment_sdk.relay import Destination
from tests.unit.receiver.cases.conftest import PATIENCE, House, steps
from tests.unit.receiver.cases.facts import step


def told(house: House, case_id: str = "case_1") -> list[str]:
    text = house.store.read(lambda c: explained(c, case_id)).result(PATIENCE)
    return text.splitlines()


def test_history_has_every_event_in_order_of_arrival_with_what_became_of_it(house: House) -> None:
    house.take(*steps(2, 4), step(2, "evt_again"))

    first, second, third = house.history()

    assert (first.event_id, first.sequence) == ("evt_2", 2)
    assert (first.previous_status, first.status) == ("new", "allocated")
    assert (first.outcome, first.origin, first.anomaly) == ("baseline", "webhook", None)
    assert first.decided_at == first.received_at
    assert (second.outcome, second.decided_at) == ("held", None)
    assert second.until is not None
    assert 29.9 < second.until - second.received_at < 30.1
    assert (third.event_id, third.outcome) == ("evt_again", "stale")


def test_explain_says_what_is_missing_and_what_waits_for_it(small_house: House) -> None:
    small_house.take(*steps(1, 4))

    standing, *rest = told(small_house)

    assert standing == "case case_1: status new"
    assert rest[:2] == ["next expected: event 2", "missing, and waited for: 2 to 3"]
    assert "event 4  evt_4; case.status_changed  in_progress -> submitted; waits" in rest[-1]
    assert rest[-1].endswith("until 2027-01-15 08:00:30.000Z at most")


def test_explain_says_what_is_not_waited_for_any_more_and_why_one_was_left_out(
    small_house: House,
) -> None:
    small_house.take(*steps(2, 5))
    small_house.wait(30.0)
    small_house.take(step(4), step(5, "evt_again"))

    lines = told(small_house)

    assert lines[0] == "case case_1: status qc_rework"
    assert lines[2:4] == [
        "missing, and not waited for any more: event 3",
        "not received, and not missed: event 1",
    ]
    its = [line for line in lines[4:] if not line.startswith(" ")]
    assert "gap: what comes before it is missing" in its[1]
    assert "passed on late" in its[2]
    assert its[3].endswith(OUTCOMES["stale"])


def test_explain_of_a_case_that_nobody_knows(small_house: House) -> None:
    assert told(small_house, "case_x") == ["case case_x: nothing was received that is still known"]
    assert told(small_house, "Jane called\nat nine") == [
        "case *: nothing was received that is still known"
    ]


def test_explain_does_not_print_a_story_that_came_as_an_id(small_house: House) -> None:
    small_house.take(*steps(1, 3), case_id="Jane called")

    assert told(small_house, "Jane called")[0] == "case *: status new"


def test_explain_says_what_became_of_each_event_at_each_destination(house: House) -> None:
    house.take(*steps(1, 2, 4))
    lines = told(house)
    assert [one for one in lines if one.startswith(" ")] == ["    taker: not tried yet"] * 2
    assert "waits for earlier events" in lines[-1]

    house.store.write(
        lambda c: house.relay.put_destination(c, Destination("taker", "taker", enabled=False))
    ).result(PATIENCE)
    assert told(house).count("    taker: not tried yet, and it is disabled") == 2


def test_explain_goes_through_all_that_the_relay_lists_of_a_case(
    small_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("undelivered", "history"):
        few = functools.partial(getattr(deliveries, name), limit=2)
        monkeypatch.setattr(deliveries, name, few)
    small_house.take(*steps(1, 2, 3, 4, 5))

    assert [one for one in told(small_house) if one.startswith(" ")] == [
        "    taker: not tried yet"
    ] * 5


def test_explain_says_where_nobody_is_known_to_want_an_event(small_house: House) -> None:
    small_house.store.write(lambda c: small_house.relay.remove_destination(c, "taker")).result(
        PATIENCE
    )
    small_house.take(step(1))

    assert told(small_house)[-1] == f"    {NOWHERE}"


def test_explain_has_room_for_words_and_not_for_stories(small_house: House) -> None:
    small_house.take(attrs.evolve(step(1), type="x" * 50_000))

    assert max(len(line) for line in told(small_house)) < 200


def test_explain_forges_no_line_with_what_a_sender_wrote(small_house: House) -> None:
    odd = attrs.evolve(step(1), status="a\nb", transition_id="t\n")
    small_house.take(odd)

    lines = told(small_house)

    assert len(lines) == 4
    assert lines[0] == 'case case_1: status "a?b"'
