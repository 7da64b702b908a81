"""JSON values and codes in words that a client reads."""

from __future__ import annotations

import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.server.portal.report import words
from fulfillment_sdk.server.portal.report.room import CHARACTERS, Room
from fulfillment_sdk.server.portal.report.values import asked, flat


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ({"gate_colour": "blue"}, [("Gate colour", "blue")]),
        ({"rooms": [{"is_lit": True}, {"is_lit": False}]},
         [("Rooms 1 › Is lit", "Yes"), ("Rooms 2 › Is lit", "No")]),
        ({"client_id": 7, "lat": "1.5"}, [("Client ID", "7"), ("Latitude", "1.5")]),
        ({"الاسم": "x", "A b!": "y", "": "z"}, [("الاسم", "x"), ("A b!", "y"), ("", "z")]),
        ({"none": None, "blank": "", "zero": 0}, [("Zero", "0")]),
        ({"at": "2025-04-06T09:05:00.123Z"}, [("At", "2025-04-06 09:05 UTC")]),
        ({"at": "2025-04-06T09:05+03:00"}, [("At", "2025-04-06 09:05 +03:00")]),
        ({"at": "2025-04-06T09:05"}, [("At", "2025-04-06 09:05")]),
        ({"at": "2025-04-06T09:05 or so"}, [("At", "2025-04-06T09:05 or so")]),
        ([["a"]], [("1 1", "a")]),
    ],
)  # fmt: skip
def test_values_are_told_with_where_they_stood(value: object, rows: list[tuple[str, str]]) -> None:
    assert list(flat(value)) == rows


def test_what_was_asked_names_no_person_but_the_candidate() -> None:
    request = {"reporter": {"fname": "Jane"}, "narrative": "secret", "priority": "2", "plan": "Go",
               "verification": {"candidate_name": "Ras"}}  # fmt: skip
    assert list(asked(request)) == [
        ("Priority", "Medium"),
        ("Plan", "Go"),
        ("Candidate name", "Ras"),
    ]


def test_every_status_and_actor_of_the_lifecycle_has_words() -> None:
    for step in lifecycle.TRANSITIONS:
        assert "_" not in words.status(step.new)
        for actor, _ in step.reasons:
            assert actor in words.ACTORS
    assert words.status("qc_rework") == "QC rework"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "less than a minute"), (-5, "less than a minute"), (61, "1 min"), (3600, "1 h"),
     (100_000, "1 d 3 h"), (86_460, "1 d"), (5_460, "1 h 31 min")],
)  # fmt: skip
def test_a_time_span_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert words.duration(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (999_499, "999 kB"), (999_500, "1.0 MB")],
)
def test_a_size_is_told_in_the_unit_that_suits_it(count: int, told: str) -> None:
    assert words.size(count) == told


def test_short_answers_use_up_the_room_too() -> None:
    room = Room()
    taken = sum(room.take("a", "b") is not None for _ in range(CHARACTERS))
    assert taken < CHARACTERS / 50
    assert room.shortened


def test_a_value_of_many_lines_is_cut_to_some() -> None:
    room = Room()
    kept = room.take("a", "b\n" * 900)
    assert kept is not None
    assert kept[1].count("\n") < 50
    assert room.shortened
