"""The free texts of a case, as far as they can hold the number of a person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import field, frozen

from fulfillment_sdk.advice.words import word

TOLD: Final = ("narrative", "plan")

_DIGIT = re.compile(r"\d")
# What else is written with digits and separators. Every repetition is bounded.
_NOBODYS = re.compile(
    r"(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|\d{1,2}:\d{2}(?::\d{2})?"
    # Years in a row, but not within a longer number.
    r"|(?<!\d[ ().-])(?:19|20)\d{2}(?:[ –/-]{1,3}(?:19|20)\d{2}){1,9}(?![ ().-]\d)"
    # Round amounts, in groups or not.
    r"|(?<!\d[ ().-])(?<!\+)[1-9]\d{0,2}(?: \d{3}){0,3} 000|(?<!\+)[1-9]\d{3,4}000)(?!\d)"
    # Post boxes with their post code.
    r"|\bbox:?\ (?:no\.?\ )?\d{1,6}[ –-]{1,3}\d{5}(?!\d)",
    re.IGNORECASE,
)


@frozen
class Story:
    """One text with digits in it: as it is, and without dates, times, amounts and post boxes."""

    path: str
    text: str = field(repr=False)
    rest: str = field(repr=False)


def stories(
    case: Mapping[str, object], people: Mapping[str, Mapping[str, object]]
) -> Iterator[Story]:
    """The texts to look through: narrative, plan, and what is noted about each of the people."""
    texts = [(name, case.get(name)) for name in TOLD]
    texts += [(f"{path}.notes", fields.get("notes")) for path, fields in people.items()]
    for path, value in texts:
        text = word(value)
        if _DIGIT.search(text):
            yield Story(path, text, _NOBODYS.sub(" ~ ", text))


def digits(text: str) -> str:
    """The digits in a text, of whatever script, as ASCII."""
    found = "".join(_DIGIT.findall(text))
    return found if found.isascii() else "".join(str(unicodedata.decimal(one)) for one in found)
