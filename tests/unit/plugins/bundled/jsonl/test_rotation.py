"""When a file is laid aside, and what happens to those that were."""

from __future__ import annotations

from datetime import date

import pytest

from fulfillment_sdk.plugins.bundled.jsonl.rotation import Names, Rotation

NOON = 1_743_940_800.0  # 2025-04-06T12:00:00Z
DAY = 86_400.0
NAMES = Names("audit", ".jsonl")
SIXTH = date(2025, 4, 6)


def test_an_empty_file_is_never_laid_aside() -> None:
    rotation = Rotation(most_bytes=1, daily=True)

    assert not rotation.is_due(size=0, written_at=NOON - DAY, adding=99, now=NOON)


@pytest.mark.parametrize(("adding", "due"), [(50, False), (51, True)])
def test_a_file_grows_to_its_limit_and_not_beyond(adding: int, due: bool) -> None:
    rotation = Rotation(most_bytes=100)

    assert rotation.is_due(size=50, written_at=NOON, adding=adding, now=NOON) is due


@pytest.mark.parametrize(
    ("later", "due"),
    [(0.0, False), (DAY / 2 - 1, False), (DAY / 2, True), (9 * DAY, True), (-DAY, False)],
)
def test_a_day_ends_at_midnight_utc_and_a_clock_set_back_ends_none(later: float, due: bool) -> None:
    rotation = Rotation(daily=True)

    assert rotation.is_due(size=1, written_at=NOON, adding=1, now=NOON + later) is due


def test_nothing_is_laid_aside_unless_somebody_asked() -> None:
    assert not Rotation().is_due(size=2**40, written_at=0.0, adding=2**40, now=NOON)


@pytest.mark.parametrize(("size", "count"), [(0, 2), (1, 1), (5, 1), (50, 1), (100, 1)])
def test_lines_go_into_a_file_as_long_as_they_fit_and_the_first_always(
    size: int, count: int
) -> None:
    assert Rotation(most_bytes=10).fitting([b"12345", b"12345", b"1"], size=size) == count


def test_without_a_limit_all_lines_fit() -> None:
    assert Rotation(daily=True).fitting([b"1"] * 3, size=2**40) == 3


def test_a_name_is_behind_all_others_of_its_day() -> None:
    taken = ["audit.jsonl", "audit.2025-04-06.0001.jsonl", "audit.2025-04-06.0007.jsonl"]

    assert NAMES.next(taken, day=SIXTH) == "audit.2025-04-06.0008.jsonl"
    assert NAMES.next(taken, day=date(2025, 4, 7)) == "audit.2025-04-07.0001.jsonl"


def test_after_the_last_four_digits_come_five() -> None:
    taken = ["audit.2025-04-06.9999.jsonl"]

    assert NAMES.next(taken, day=SIXTH) == "audit.2025-04-06.10000.jsonl"
    assert NAMES.outdated([*taken, "audit.2025-04-06.10000.jsonl"], keep=1) == taken


def test_the_oldest_are_let_go_and_nothing_that_is_called_otherwise() -> None:
    names = [
        "audit.jsonl",
        "audit.2025-04-06.0002.jsonl",
        "audit.2025-04-06.0001.jsonl",
        "audit.2025-04-05.0009.jsonl",
        "audit.2025-04-04.0001.jsonl.gz",
        "auditX2025-04-04.0001.jsonl",
        "billing.2025-04-04.0001.jsonl",
        "audit.notes.jsonl",
    ]

    assert NAMES.outdated(names, keep=1) == [
        "audit.2025-04-05.0009.jsonl",
        "audit.2025-04-06.0001.jsonl",
    ]
    assert NAMES.outdated(names, keep=None) == []


def test_a_stem_with_signs_of_its_own_is_meant_as_it_is_written() -> None:
    names = Names("a.b+", "")

    assert names.next(["axb+.2025-04-06.0004"], day=SIXTH) == "a.b+.2025-04-06.0001"
