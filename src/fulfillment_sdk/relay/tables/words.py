"""Values of others in lines of a log."""

from __future__ import annotations

import json
import string

_PLAIN = frozenset(string.ascii_letters + string.digits + "._-:/@+")


def one_word(text: str) -> str:
    """Return a value so that nobody can forge a line or a field with it: quoted where need be."""
    return text if _PLAIN.issuperset(text) and text else json.dumps(text)
