"""Times on the wire."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.times import format_seconds, format_time, parse_time

AT = datetime(2025, 4, 24, 15, 30, 45, 123456, UTC)


def test_a_time_is_written_with_microseconds_and_z() -> None:
    assert format_time(AT.timestamp()) == "2025-04-24T15:30:45.123456Z"
    assert format_time(1743868802) == "2025-04-05T16:00:02.000000Z"


def test_a_created_at_is_written_in_whole_seconds_never_rounded_up() -> None:
    assert format_seconds(1743868802.999999) == "2025-04-05T16:00:02Z"


@pytest.mark.parametrize(
    "text",
    [
        "2025-04-24T15:30:45.123456Z",
        "2025-04-24t15:30:45.123456z",
        "2025-04-24 15:30:45.123456",
        "2025-04-24T15:30:45.123456+00:00",
        "2025-04-24T18:30:45.123456+0300",
        "2025-04-24T10:00:45.123456-05:30",
        "2025-04-24T15:30:45.123456999Z",
    ],
)
def test_a_time_is_read_with_z_an_offset_or_no_zone(text: str) -> None:
    assert parse_time(text) == AT
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("fraction", "micros"), [("", 0), (".5", 500_000), (".554", 554_000), (".000001", 1)]
)
def test_a_time_has_none_to_six_digits_of_a_fraction(fraction: str, micros: int) -> None:
    assert parse_time(f"2026-04-03T11:09:50{fraction}Z").microsecond == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2025-04-24",
        "20250424T153045Z",
        "1745508645",
        "2025-04-24T15:30:45.Z",
        "2025-02-30T00:00:00Z",
        "2025-04-24T15:30:61Z",
        "2025-04-24T15:30:45+99:00",
        "0001-01-01T00:00:00+01:00",
        "٢٠٢٥-04-24T15:30:45Z",
        "2025-04-24T15:30:45Z\n",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(PayloadError, match="not a time"):
        parse_time(text)
