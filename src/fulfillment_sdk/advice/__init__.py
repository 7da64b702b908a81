"""Likely slips in a case: what no server refuses, and what was hardly meant.

Each slip is a row: a code, a sentence, and a check that names the fields. No advice holds a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import frozen

from fulfillment_sdk.advice import ages, keys, labels, texts
from fulfillment_sdk.advice.sight import Sight

Check = Callable[[Sight], Iterator[str]]


@frozen
class Advice:
    """One likely slip: its ``code``, the path of the ``field``, and the slip in words."""

    code: str
    field: str
    message: str


@frozen
class Slip:
    """One kind of slip; ``check`` gives the paths of the fields that look like it."""

    code: str
    words: str
    check: Check


SLIPS: Final = (
    Slip("milliseconds", "looks like milliseconds, the wire has seconds", ages.milliseconds),
    Slip("not-a-birthday", "is no epoch seconds of a person's birth", ages.not_a_birthday),
    Slip("age-and-dob", "does not fit the date of birth", ages.age_and_dob),
    Slip("age-group", "does not fit the age", ages.age_group),
    Slip("label-without-id", "is given without its id", labels.without_id),
    Slip("word-for-number", "is a word, the wire has a number", labels.in_words),
    Slip("phone-in-text", "seems to hold a phone number", texts.phones),
    Slip("national-id-in-text", "seems to hold the number of an identity", texts.identities),
    Slip("default-in-place", "is still the default", texts.defaults),
)
MISSPELT: Final = "misspelt-key"


def advise(
    case: Mapping[str, object], *, now: float, defaults: Mapping[str, str] | None = None
) -> tuple[Advice, ...]:
    """What looks like a slip in a case: misspelt keys, then the others by the order of `SLIPS`.

    ``case`` is a parsed request body of any content, ``now`` epoch seconds: ages are those at the
    case's ``src_ts``, or now. ``defaults`` are the organisation's texts by path
    (`CaseDefaults.texts`) that count as placeholders beside the documented ones.
    """
    sight = Sight.of(case, now=now, defaults=defaults or {})
    unknown = tuple(
        Advice(MISSPELT, path, f"{path}: is no documented key, {near} is perhaps meant")
        for path, near in keys.misspelt(case)
    )
    return unknown + tuple(
        Advice(slip.code, field, f"{field}: {slip.words}")
        for slip in SLIPS
        for field in slip.check(sight)
    )
