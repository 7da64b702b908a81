"""Nobody is told twice of an event that reached only some."""

from __future__ import annotations

from fulfillment_sdk.plugins.served import Served


def test_who_was_served_is_left_out_of_the_next_try_for_that_event() -> None:
    served = Served[str]()
    served.note("evt_1", ["a"])
    served.note("evt_1", ["b"])

    assert served.left("evt_1", ["a", "b", "c"]) == ["c"]
    assert served.left("evt_2", ["a", "b", "c"]) == ["a", "b", "c"]


def test_an_event_that_is_done_with_is_forgotten() -> None:
    served = Served[str]()
    served.note("evt_1", ["a"])
    served.forget("evt_1")
    served.forget("evt_2")

    assert served.left("evt_1", ["a"]) == ["a"]


def test_the_events_noted_last_are_remembered() -> None:
    served = Served[str](most=2)
    for event in ("evt_1", "evt_2", "evt_1", "evt_3"):
        served.note(event, ["a"])

    assert [served.left(f"evt_{n}", ["a"]) for n in (1, 2, 3)] == [[], ["a"], []]
