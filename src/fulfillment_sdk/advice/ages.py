"""Dates of birth, ages and age groups that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

from fulfillment_sdk.advice.sight import Sight, Someone

DAY: Final = 86_400
YEAR: Final = 365.2425 * DAY
MONTH: Final = YEAR / 12
# In every zone of today a day begins at a quarter of an hour of UTC.
QUARTER: Final = 900
OLDEST: Final = 130
YEARS, MONTHS = "0", "1"
_UNITS: Final = {"": YEAR, YEARS: YEAR, MONTHS: MONTH}

# The years 1 to 9999 in seconds, a day more at both ends for the zones.
_FIRST: Final = -62_135_596_800 - DAY
_LAST: Final = 253_402_300_799 + DAY

# ASCII digits and at most fifteen of them, so that the numbers stay exact and small.
_INTEGER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{0,9})?")
_AGE = re.compile(r"[0-9]{1,4}")


@frozen
class Group:
    """The ages in years that an age group's label names, both ends included."""

    first: int
    last: int


_LABELS: Final[tuple[tuple[re.Pattern[str], Callable[[int, int], Group]], ...]] = (
    (re.compile(r"([0-9]{1,3}) ?(?:-|–|—|to) ?([0-9]{1,3})"), lambda a, b: Group(a, b)),
    (re.compile(r"([0-9]{1,3}) ?(?:\+|and (?:above|over|older|more))"), lambda a, _: Group(a, 999)),
    (re.compile(r"(?:>=?|≥|over|above) ?([0-9]{1,3})"), lambda a, _: Group(a, 999)),
    (re.compile(r"(?:<|under|below) ?([0-9]{1,3})"), lambda a, _: Group(0, a - 1)),
)


def milliseconds(sight: Sight) -> Iterator[str]:
    """Dates of birth that make sense only a thousand times smaller."""
    for one in sight.people:
        born = _number(one.word("dob"))
        if born is not None and _in_milliseconds(born, sight.now):
            yield f"{one.path}.dob"


def not_a_birthday(sight: Sight) -> Iterator[str]:
    """Dates of birth that are no number, or a moment at which nobody alive was born."""
    for one in sight.people:
        text, now = one.word("dob"), sight.now
        born = _number(text)
        possible = born is not None and (_human(born, now) or _in_milliseconds(born, now))
        if text and not possible:
            yield f"{one.path}.dob"


def age_and_dob(sight: Sight) -> Iterator[str]:
    """Ages more than one unit away from what the date of birth makes of them."""
    for one in sight.people:
        born = _born(one, sight)
        if born is None:
            continue
        unit, age = _UNITS.get(one.word("age_t")), _age(one)
        if unit is None or age is None:
            continue
        # An age stands for a whole unit; one more either way is how people count.
        if not age - 1 <= (sight.at - born) / unit < age + 2:
            yield f"{one.path}.age"


def age_group(sight: Sight) -> Iterator[str]:
    """Labels of age groups that leave out the age, or the one that the date of birth gives."""
    for one in sight.people:
        label = one.word("age_group")
        group = _group(label) if label else None
        if group is None:
            continue
        unit, age, born = _UNITS.get(one.word("age_t")), _age(one), _born(one, sight)
        if age is not None and unit is not None:
            years = int(age * unit / YEAR)
            fits = group.first <= years <= group.last
        elif born is not None:
            fits = group.first - 1 <= (sight.at - born) / YEAR < group.last + 2
        else:
            continue
        if not fits:
            yield f"{one.path}.age_group"


def _group(label: str) -> Group | None:
    # The document writes some labels with a caret in front; months are no years.
    label = " ".join(label[:100].casefold().lstrip("^").split())
    if "month" in label:
        return None
    for pattern, make in _LABELS:
        if found := pattern.search(label):
            return make(int(found[1]), int(found[found.re.groups]))
    return None


def _age(one: Someone) -> int | None:
    text = one.word("age")
    return int(text) if _AGE.fullmatch(text) else None


def _born(one: Someone, sight: Sight) -> float | None:
    born = _number(one.word("dob"))
    return born if born is not None and _human(born, sight.now) else None


def _number(text: str) -> float | None:
    return float(text) if _INTEGER.fullmatch(text) else None


def _in_milliseconds(born: float, now: float) -> bool:
    # Less than this is a date in seconds, if a wrong one; as milliseconds it is early 1970.
    return abs(born) >= 1e10 and _human(born / 1000, now) and not _stands_for_no_date(born)


def _stands_for_no_date(born: float) -> bool:
    """Whether a number is a day's begin or end, in seconds, of one of the years 1 to 9999.

    9999-12-31, 3000-01-01, 1601-01-01, 0001-01-01 say in many systems that a date is not known; as
    milliseconds they would be in 1968 to 1978. Whoever was born then and is told in milliseconds is
    told with a day's begin too, and one number is hardly ever both.
    """
    begins_or_ends = born % QUARTER in {0, QUARTER - 1}
    return _FIRST <= born <= _LAST and begins_or_ends and born % (1000 * QUARTER) != 0


def _human(born: float, now: float) -> bool:
    return now - OLDEST * YEAR <= born <= now + DAY
