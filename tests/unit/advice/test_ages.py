"""Dates of birth, ages and age groups that contradict each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.advice.people import NOW, born, case, reporter, said

DAY = 86_400


@pytest.mark.parametrize("year", [1896, 1931, 1960, 1969, 1972, 2003, 2025])
def test_milliseconds_in_a_date_of_birth_are_noticed(year: int) -> None:
    assert said(reporter(dob=str(born(year) * 1000))) == [("milliseconds", "reporter.dob")]
    assert said(reporter(dob=born(year) * 1000)) == [("milliseconds", "reporter.dob")]
    assert said(reporter(dob=str(born(year)))) == []


@pytest.mark.parametrize(
    "dob",
    [
        "2003-02-25",
        "25/02/2003",
        "unknown",
        "1e9",
        "-",
        str(int(NOW) + 2 * DAY),
        str(born(1890)),
        "9" * 15,
        "9" * 16,
        "9" * 400,
        "\u0661\u0662",
    ],
)
def test_what_is_nobodys_birthday_is_noticed(dob: str) -> None:
    assert said(reporter(dob=dob)) == [("not-a-birthday", "reporter.dob")]


NAIROBI, NEW_YORK = timezone(timedelta(hours=3)), timezone(timedelta(hours=-5))
ZONES = [UTC, NAIROBI, NEW_YORK, timezone(timedelta(hours=5, minutes=45))]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "unknown",
    [
        (9999, 12, 31),
        (9999, 12, 31, 23, 59, 59),
        (9999, 1, 1),
        (3000, 1, 1),
        (2999, 12, 31),
        (2500, 1, 1),
        (1601, 1, 1),
        (1, 1, 1),
    ],
)
def test_a_date_that_stands_for_none_is_a_wrong_one_and_no_milliseconds(
    unknown: tuple[int, int, int], zone: timezone
) -> None:
    moment = datetime(*unknown, tzinfo=zone) - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = moment // timedelta(seconds=1)
    assert said(reporter(dob=str(seconds))) == [("not-a-birthday", "reporter.dob")]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", range(1966, 1981))
def test_who_was_born_about_1970_is_told_in_milliseconds_all_the_same(
    year: int, zone: timezone
) -> None:
    first = datetime(year, 1, 1, tzinfo=zone)
    for days in range(0, 365, 7):
        milliseconds = int((first + timedelta(days=days)).timestamp()) * 1000
        if abs(milliseconds) >= 1e10:
            assert said(reporter(dob=str(milliseconds))) == [("milliseconds", "reporter.dob")]


@pytest.mark.parametrize("dob", ["", " ", None, "0", str(int(NOW)), [], {}, True])
def test_a_birthday_that_is_not_given_or_possible_is_left_alone(dob: object) -> None:
    assert said(reporter(dob=dob)) == []


def test_a_number_too_long_to_be_written_is_left_alone() -> None:
    assert said(reporter(dob=10**5000, age=10**5000)) == []


@pytest.mark.parametrize(
    ("age", "age_t", "noticed"),
    [
        # Born on 2003-02-25, so 22 on that day.
        ("22", "0", False),
        ("22", "", False),
        (22, None, False),
        ("21", "0", False),
        ("23", "0", False),
        ("20", "0", True),
        ("24", "0", True),
        ("2", "0", True),
        ("264", "1", False),
        ("22", "1", True),
        ("264", "0", True),
        # Not ours to judge.
        ("22", "2", False),
        ("about 30", "0", False),
        ("", "0", False),
    ],
)
def test_an_age_is_held_against_the_date_of_birth(
    age: object, age_t: str | None, noticed: bool
) -> None:
    found = said(reporter(dob=str(born(2003, 2, 25)), age=age, age_t=age_t))
    assert found == ([("age-and-dob", "reporter.age")] if noticed else [])


def test_an_age_is_that_at_the_time_of_the_case() -> None:
    at_the_time = reporter(dob=str(born(2003, 2, 25)), age="22") | {"src_ts": "1741960667.824"}
    ten_years_later = NOW + 3652 * DAY
    assert said(at_the_time, now=ten_years_later) == []
    assert said(at_the_time | {"src_ts": ""}, now=ten_years_later) == [
        ("age-and-dob", "reporter.age")
    ]


def test_one_slip_is_not_told_twice() -> None:
    assert said(reporter(dob=str(born(2003) * 1000), age="5")) == [("milliseconds", "reporter.dob")]


@pytest.mark.parametrize(
    ("label", "ages", "others"),
    [
        ("31-45", (31, 44, 45), (30, 46)),
        ("^31-45", (31,), (22,)),
        ("31 – 45 years", (31,), (46,)),
        ("31 to 45", (45,), (46,)),
        ("60+", (60, 99), (59,)),
        ("60 and above", (60,), (59,)),
        ("Over 60", (60, 61), (59,)),
        (">= 60", (60,), (59,)),
        ("Under 18", (0, 17), (18,)),
        ("<18", (17,), (18,)),
        ("Below 18 years", (17,), (18,)),
        # No ages in them that we know how to read.
        ("Adult", (5, 99), ()),
        ("0-11 months", (0, 30), ()),
        ("unknown", (5,), ()),
    ],
)
def test_an_age_group_is_held_against_the_age(
    label: str, ages: tuple[int, ...], others: tuple[int, ...]
) -> None:
    def found(age: int) -> list[tuple[str, str]]:
        someone = {"age": str(age), "age_group": label, "age_group_id": "361955"}
        return said(case(perpetrators_case=[someone]))

    assert [found(age) for age in ages] == [[]] * len(ages)
    wrong = [("age-group", "perpetrators_case[0].age_group")]
    assert [found(age) for age in others] == [wrong] * len(others)


def test_an_age_in_months_is_that_many_years() -> None:
    someone = {"age": "30", "age_t": "1", "age_group": "31-45", "age_group_id": "361955"}
    assert said(case(perpetrators_case=[someone])) == [
        ("age-group", "perpetrators_case[0].age_group")
    ]
    assert said(case(perpetrators_case=[someone | {"age_group": "0-5"}])) == []


def test_without_an_age_the_date_of_birth_is_held_against_the_group() -> None:
    someone = {"dob": str(born(1981, 3, 14)), "age_group": "31-45", "age_group_id": "361955"}
    assert said(case(perpetrators_case=[someone])) == []
    assert said(case(perpetrators_case=[someone | {"dob": str(born(2003))}])) == [
        ("age-group", "perpetrators_case[0].age_group")
    ]
    assert said(case(perpetrators_case=[{"age_group": "31-45", "age_group_id": "361955"}])) == []


def test_each_person_is_named_by_the_path() -> None:
    wrong = {"dob": "yesterday"}
    everyone = case(reporter=wrong, clients_case=[{}, wrong], perpetrators_case=(wrong,))
    assert [path for _, path in said(everyone)] == [
        "reporter.dob",
        "clients_case[1].dob",
        "perpetrators_case[0].dob",
    ]


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 129), st.integers(0, 364), st.sampled_from(["0", "1"]))
def test_a_true_age_is_never_a_slip(years: int, days: int, age_t: str) -> None:
    lived = years * 365.2425 * DAY + days * DAY
    unit = 365.2425 * DAY / (12 if age_t == "1" else 1)
    someone = {"dob": str(int(NOW - lived)), "age": str(int(lived / unit)), "age_t": age_t}
    assert said(case(clients_case=[someone])) == []
