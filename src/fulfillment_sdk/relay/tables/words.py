"""What lines of a log tell: values of others as words, and beside them as fields."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping

_PLAIN = frozenset(string.ascii_letters + string.digits + "._-:/@+")
_OF_IDS = _PLAIN - {"@"} | {"=", "~"}
_LONGEST_ID = 200  # as for what is disclosed


def one_word(text: str) -> str:
    """Return a value so that nobody can forge a line or a field with it: quoted where need be."""
    return text if _PLAIN.issuperset(text) and text else json.dumps(text)


def id_word(text: str) -> str:
    """Return a sender's id if it looks like one, else `*`: somebody may have put a story there.

    It is short, and has no blanks, and is nobody's address.
    """
    return text if 0 < len(text) <= _LONGEST_ID and _OF_IDS.issuperset(text) else "*"


def facts(what: str, **values: float | str) -> Mapping[str, object]:
    """Return what a line tells for those who keep fields: `log.info(line, …, extra=facts(…))`.

    A host's formatter finds them in the record's `facts`, with `what` as their `message`.
    """
    return {"facts": {"message": what, **values}}
