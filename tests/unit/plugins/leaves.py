"""What a level of disclosure must keep back of a body, value by value."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fulfillment_sdk.plugins.disclosure.disclosure import Disclosure, disclose

_SHORTEST = 3  # what is shorter may be a part of anything


def hidden(body: bytes, level: Disclosure) -> list[str]:
    """Return every value of a body that is in no part of what the level discloses."""
    shown = disclose(body, level).decode()
    values = {value for value in _leaves(json.loads(body)) if len(value) >= _SHORTEST}
    return sorted(value for value in values if value not in shown)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
