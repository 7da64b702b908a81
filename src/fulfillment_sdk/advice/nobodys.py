"""What else is written with digits and separators, and is nobody's number: a table.

A number that begins as phone numbers do, with a plus or with one zero, is taken for nothing else
unless it is a date. Every repetition is bounded.
"""

from __future__ import annotations

import re
from typing import Final

_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_YEAR: Final = r"(?:19|20)\d{2}"
_SPACED_DAY: Final = rf"(?:{_DAY}\ {_MONTH}|{_MONTH}\ {_DAY})\ {_YEAR}"
_ALONE: Final = r"(?<!\d[ ().-])"
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1?[1-9]\d|1\d\d|\d)"
_DEGREES: Final = r"-?\d{1,3}\.\d{4,15}"
_MONEY: Final = (
    r"(?:\$|€|£|₹|\b(?:ksh?s?|kes|ugx|ush|tzs|tsh|rwf|bif|etb|usd|eur|gbp|zar|ngn|inr|rs|shs?)\b)"
)
_PAID: Final = r"(?:/[=-]|(?:\ ?(?:ksh?s?|kes|ugx|tzs|usd|eur|gbp|inr|shillings?|dollars?)\b))"
# Of these words the first are said of other things too, unless it goes on as a label does.
_LABEL: Final = (
    r"\b(?:(?:case|order|file|entry|code|ob)(?:\ ?(?:no\b\.?|number|id)|:|(?=\ ?\#))"
    r"|(?:ref(?:erence)?|tracking|transaction|receipt|invoice|account|acct|a/c|docket|ticket"
    r"|serial|isbn)(?:\ (?:no\b\.?|number|id))?)"
)

ROWS: Final = {
    "a date": r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|(?<!\d\.)\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?!\.\d)",
    "days with spaces": rf"{_ALONE}{_SPACED_DAY}(?:[ ,–-]{{1,3}}{_SPACED_DAY}){{0,3}}(?![ ().-]\d)",
    "a day or a moment in one": r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"(?:T?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?",
    "a time": r"\d{1,2}:\d{2}(?::\d{2})?",
    "years in a row": rf"{_ALONE}{_YEAR}(?:[ –/-]{{1,3}}{_YEAR}){{1,9}}(?![ ().-]\d)",
    # No country's numbers are so long and begin with 1.
    "a moment in milliseconds": r"(?<!\+)1\d{12}",
    "a moment in seconds": r"(?<!\+)1\d{9}\.\d{1,6}",
    "a round amount in groups": rf"{_ALONE}(?<!\+)[1-9]\d{{0,2}}(?: \d{{3}}){{0,3}} 000",
    "a round amount": r"(?<!\+)[1-9]\d{3,4}000",
    "an amount with hundredths": r"(?<![+.])[1-9]\d{3,9}\.\d{2}(?!\.\d)",
    "money": rf"{_MONEY}\.?\ ?(?:[1-9]\d{{0,2}}(?:[ ,.]\d{{3}}){{1,3}}|[1-9]\d{{0,11}})",
    "what was paid": rf"(?<![+\d])[1-9]\d{{3,11}}(?={_PAID})",
    "a post box with its code": r"\bbox:?\ (?:no\.?\ )?\d{1,6}[ –-]{1,3}\d{5}",
    "what a label names": rf"{_LABEL}[ :\#.]{{0,3}}(?!0[1-9])\d(?:[-/]?\d){{2,19}}",
    "what has a number sign": r"\#\ ?(?!0[1-9])\d(?:[-/]?\d){2,19}",
    # In capitals: a phone number may hang on a word by a dash too.
    "a code": r"(?-i:(?<![\w-])(?!TEL|PHONE|MOB|CELL|CALL|WHATSAPP)"
    r"[A-Z]{2,8}(?:-[A-Z0-9]{1,8}){0,3}-(?!0[1-9])\d{3,15})",
    "an id in hexadecimal": r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
    "a place on the globe": rf"(?<![\d+.]){_DEGREES}[,;/ ]{{1,3}}{_DEGREES}(?!\.\d)",
    "an address in a network": rf"(?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\.\d)",
}

NOBODYS: Final = re.compile(
    # Most places in a text begin none of them.
    rf"(?<!\d)(?=[-\d#$€£₹]|\b[a-z])(?:{'|'.join(ROWS.values())})(?!\d)",
    re.IGNORECASE,
)
