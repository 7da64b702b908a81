"""The free texts of a case, as far as they can hold the number of a person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import field, frozen

from fulfillment_sdk.advice.nobodys import NOBODYS
from fulfillment_sdk.advice.words import word

TOLD: Final = ("narrative", "plan")

_DIGIT = re.compile(r"\d")
# Six digits: less is no number of a person.
_LONG = re.compile(r"\d(?:[ ().-]{0,2}\d){5}")


@frozen
class Story:
    """One text with digits in it: as it is, and without what is nobody's number.

    ``rest`` is empty where no number is long enough to be a person's.
    """

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
            yield Story(path, text, NOBODYS.sub(" ~ ", text) if _LONG.search(text) else "")


def digits(text: str) -> str:
    """The digits in a text, of whatever script, as ASCII."""
    found = "".join(_DIGIT.findall(text))
    return found if found.isascii() else "".join(str(unicodedata.decimal(one)) for one in found)
