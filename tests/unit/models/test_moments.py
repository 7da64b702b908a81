"""Dates and times given to a case become the epoch seconds of the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk import casefile
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.models import NewCase, Perpetrator, Person
from fulfillment_sdk.wire import load, to_json
from tests import samples

NAIROBI = timezone(timedelta(hours=3))
NAIVE = datetime(2003, 2, 25, 8, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("given_as", "sent"),
    [
        ("1046120400", "1046120400"),
        ("", ""),
        (None, None),
        (1046120400, "1046120400"),
        (-86_400, "-86400"),
        (Decimal(1046120400), "1046120400"),
        (Decimal("1.0461204E9"), "1046120400"),
        (Decimal("1046120400.9"), "1046120400"),
        (1046120400.0, "1046120400"),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC).timestamp(), "-1"),
        # The document's own example is the midnight of Nairobi.
        (datetime(2003, 2, 25, tzinfo=NAIROBI), "1046120400"),
        (datetime(2003, 2, 25, tzinfo=UTC), "1046131200"),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "-1"),
        (date(2003, 2, 25), "1046131200"),
        (date(1931, 5, 6), "-1219968000"),
    ],
)
@pytest.mark.parametrize("model", [Person, Perpetrator])
def test_a_birthday_is_sent_in_whole_seconds(
    model: type[Person | Perpetrator], given_as: str | None, sent: str | None
) -> None:
    assert model(dob=given_as).dob == sent


@pytest.mark.parametrize(
    ("given_as", "sent"),
    [
        ("1741960667.824", "1741960667.824"),
        (None, None),
        (1741960667, "1741960667"),
        (Decimal("1741960667.824"), "1741960667.824"),
        (Decimal("1741960667.8240004"), "1741960667.824000"),
        (Decimal("1741960667.8239998817443847656"), "1741960667.824000"),
        (1741960667.824, "1741960667.824000"),
        (datetime(2025, 3, 14, 13, 57, 47, 824_000, tzinfo=UTC), "1741960667.824000"),
        (datetime(2025, 3, 14, 16, 57, 47, 1, tzinfo=NAIROBI), "1741960667.000001"),
    ],
)
def test_the_moment_of_a_case_is_sent_in_seconds_with_a_fraction(
    given_as: str | None, sent: str | None
) -> None:
    assert NewCase(src_ts=given_as).src_ts == sent


@pytest.mark.parametrize(
    ("model", "field"), [(Person, "dob"), (Perpetrator, "dob"), (NewCase, "src_ts")]
)
def test_a_datetime_without_a_zone_is_refused_with_what_to_do(
    model: type[Person | Perpetrator | NewCase], field: str
) -> None:
    given_as: dict[str, Any] = {field: NAIVE}
    with pytest.raises(ConfigurationError) as raised:
        model(**given_as)
    assert f"The datetime for {field} has no zone" in str(raised.value)
    assert "tzinfo=UTC" in raised.value.remedy
    assert "2003" not in str(raised.value)


def test_a_date_is_no_moment_for_src_ts() -> None:
    with pytest.raises(ConfigurationError, match="no time of day"):
        NewCase(src_ts=date(2025, 3, 14))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), [], {}, b"1"])
def test_a_wrong_type_is_left_to_the_checks(value: Any) -> None:
    case = NewCase(reporter=Person(fname="x", dob=value))
    problems = casefile.problems(to_json(case), now=1_741_960_667.0)
    assert casefile.Problem("invalid", "reporter.dob") in problems


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -1.0, 1e300, True, Decimal("NaN"), Decimal("sNaN")]
)
def test_an_impossible_moment_is_left_to_the_checks(value: Any) -> None:
    problems = casefile.problems(to_json(NewCase(src_ts=value)), now=1_741_960_667.0)
    assert "src_ts" in {problem.field for problem in problems}


@pytest.mark.parametrize("given_as", ["1E+999999999", "-1E+999999999", "1E-999999999"])
def test_a_number_of_endless_digits_is_not_written_out(given_as: str) -> None:
    assert len(str(NewCase(src_ts=Decimal(given_as)).src_ts)) < 40
    assert len(str(Person(dob=Decimal(given_as)).dob)) < 40


@pytest.mark.parametrize("name", samples.CASES)
def test_what_comes_from_the_wire_stays_as_it_is(name: str) -> None:
    sample = samples.read(name)
    reporter = sample["reporter"]
    assert isinstance(reporter, dict)
    case = load(NewCase, sample)
    assert case.reporter is not None
    assert case.reporter.dob == reporter.get("dob")
    assert case.src_ts == sample.get("src_ts")


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1973, 3, 4), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001


@settings(deadline=None, derandomize=True)
@given(MOMENTS)
def test_no_microsecond_of_a_moment_is_lost(moment: datetime) -> None:
    sent = NewCase(src_ts=moment).src_ts
    assert sent is not None
    seconds, _, fraction = sent.partition(".")
    read = datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(fraction))
    assert read == moment
    problems = casefile.problems({"src_ts": sent}, now=moment.timestamp())
    assert "src_ts" not in {problem.field for problem in problems}


@settings(deadline=None, derandomize=True)
@given(st.dates())
def test_a_plain_date_is_its_midnight_in_utc(day: date) -> None:
    sent = Person(dob=day).dob
    assert sent is not None
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(sent)) == datetime(
        day.year, day.month, day.day, tzinfo=UTC
    )
