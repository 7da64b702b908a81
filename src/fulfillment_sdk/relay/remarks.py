"""What is told of a sink's remark: a stranger wrote the line, and many read it."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 200
"""Characters of a remark that are told."""

_READ: Final = 2000
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]+")
# What nearly all remarks are: nothing in them can be a secret's value or a part of a body.
_HARMLESS = re.compile(r"(HTTP \d{3})?|[a-z ,]{0,39}")

_MASKED: Final = (
    # Anything structured, to its end or the line's: a body, or a part of one.
    (re.compile(r"\{.*\}|\{.*|\[.*\]|<.*>|<[/!?a-z].*", re.IGNORECASE), "…"),
    # What is quoted is a value; an apostrophe is no quote.
    (re.compile(r"\"[^\"]*(\"|$)|(?<!\w)[brfu]{0,2}'[^']*('(?!\w)|$)|‘[^’]*’|“[^”]*”"), "…"),
    # In a URL: who asks, and what.
    (re.compile(r"(?<=://)[^\s/@]*@"), "…@"),
    (re.compile(r"(?<=\w[?#])\S+"), "…"),
    # Named as one.
    (
        re.compile(
            r"(?i)\b([\w-]{0,40}(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|signature"
            r"|credentials?|(?:api|access|private)[ _-]?key|authorization|cookie))(\s*[:=]\s*)\S.*"
        ),
        r"\1\2…",
    ),
    (re.compile(r"\b((?i:bearer|basic|digest)) (?=\S*[A-Z0-9_=/+~-])\S+"), r"\1 …"),
    # Looks like one: a webhook's secret, a token, a key, a signature. An id is shorter.
    (re.compile(r"\bwhsec_\S+|\beyJ[\w-]{4,}(\.[\w-]*){0,2}|[A-Za-z0-9_+/=-]{40,}"), "…"),
    # Those of some services say whose they are: Stripe's, Slack's, GitHub's, Amazon's.
    (
        re.compile(r"\b([rs]k_(live|test)_\w+|xox[a-z]-[\w-]+|gh[a-z]_\w{16,}|A[KS]IA[A-Z\d]{16})"),
        "…",
    ),
    # An address of somebody.
    (re.compile(r"[^\s/:@…]+@[^\s/@]+"), "…"),
)


def remark(text: str) -> str:
    """Return a sink's remark as one line of at most 200 characters, without what may be secret.

    Masked are what is quoted or looks like a body, what looks like a credential or is named as one,
    and mail addresses. Plain words of an event's content can't be told from a cause: to leave them
    out is the sink's own part, which `SinkContract` tests.
    """
    if _HARMLESS.fullmatch(text):
        return text
    line = _UNPRINTABLE.sub(" ", text[:_READ]).strip()
    for pattern, shown in _MASKED:
        line = pattern.sub(shown, line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
