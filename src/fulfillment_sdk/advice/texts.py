"""Free texts: numbers of people that belong into fields of their own, and placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fulfillment_sdk.advice.sight import Sight
from fulfillment_sdk.advice.stories import TOLD, digits
from fulfillment_sdk.advice.words import word

DOCUMENTED: Final = {
    "reporter.fname": frozenset({"Client"}),
    "narrative": frozenset({"---"}),
    "plan": frozenset({"---", "Initial assessment required"}),
}
_PHONE_FIELDS: Final = ("phone", "phone2")
_SHORTEST_ID: Final = 5
_SHORTEST_PHONE: Final = 7
# What two ways to write one phone number have in common: the digits at its end.
_TAIL: Final = 9

# Every repetition is bounded.
_NUMBER = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ().-]{0,2}\d){6,14}(?!\w)")
# Ages, rows, paragraphs: a phone number in pairs begins with a zero or a plus.
_SMALL = re.compile(r"\(?[1-9]\d?(?:[ ().-]{1,2}[1-9]\d?){3,14}")
# The case's own is known whatever letters it hangs on.
_OWN_NUMBER = re.compile(r"(?<!\d)\d(?:[ ().-]{0,2}\d){6,14}(?!\d)")
_IDENTITY = re.compile(r"(?<![\w+.-])(?:\d{7,8}|[A-Z]{1,2}\d{6,8})(?![\w-])")
_SEPARATORS = re.compile(r"[\W_]+")


def phones(sight: Sight) -> Iterator[str]:
    """Texts with something of nine to fifteen digits, or with a phone number of the case's."""
    if not sight.stories:
        return
    given = (digits(one.word(name)) for one in sight.people for name in _PHONE_FIELDS)
    known = {number[-_TAIL:] for number in given if len(number) >= _SHORTEST_PHONE}
    for story in sight.stories:
        written = (found for found in _NUMBER.findall(story.rest) if not _SMALL.fullmatch(found))
        numbers = map(digits, written)
        own = (digits(found) for found in _OWN_NUMBER.findall(story.text)) if known else ()
        if any(len(number) >= _TAIL for number in numbers) or _ends(own, known):
            yield story.path


def identities(sight: Sight) -> Iterator[str]:
    """Texts with a national id of the case's, or with what is written like one."""
    if not sight.stories:
        return
    given = (_plain(one.word("national_id")) for one in sight.people)
    known = [one for one in given if len(one) >= _SHORTEST_ID and digits(one)]
    for story in sight.stories:
        plain = _plain(story.text) if known else ""
        if any(one in plain for one in known) or _IDENTITY.search(story.rest):
            yield story.path


def defaults(sight: Sight) -> Iterator[str]:
    """Fields that only a person can fill, and that still hold a default or a placeholder."""
    texts = {path: word(sight.case.get(path)) for path in TOLD}
    reporters = (one.word("fname") for one in sight.people if one.path == "reporter")
    texts["reporter.fname"] = next(reporters, "")
    for path, placeholders in DOCUMENTED.items():
        own = sight.defaults.get(path, "").strip()
        if texts[path] and (texts[path] in placeholders or texts[path] == own):
            yield path


def _ends(numbers: Iterator[str] | tuple[()], known: set[str]) -> bool:
    return any(number[-_TAIL:] in known for number in numbers)


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text).casefold()
