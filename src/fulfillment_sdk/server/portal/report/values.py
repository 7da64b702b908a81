"""JSON values as labels and texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

_ASKED: Final = (
    ("case_category_id", "Category"),
    ("priority", "Priority"),
    ("gbv_related", "GBV related"),
    ("plan", "Plan"),
)
_PRIORITIES: Final = {"1": "High", "2": "Medium", "3": "Low"}
_WRITTEN: Final = {
    "gbv": "GBV",
    "gps": "GPS",
    "id": "ID",
    "lat": "latitude",
    "lng": "longitude",
    "qc": "QC",
    "tat": "turn-around",
    "url": "URL",
}
_TIME: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)T(?P<hour>\d\d:\d\d)(:\d\d(\.\d+)?)?(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_TIME_LENGTH: Final = 40
_PLAIN_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", re.ASCII)


def asked(request: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield label and text of what the partner asked for."""
    for key, label in _ASKED:
        value = request.get(key)
        if key == "priority":
            value = _PRIORITIES.get(str(value), value)
        if value not in (None, ""):
            yield label, _text(value)
    verification = request.get("verification")
    if isinstance(verification, Mapping):
        yield from flat(verification)


def flat(value: object, label: str = "") -> Iterator[tuple[str, str]]:
    """Yield label and text of every value inside a JSON value, blank ones left out.

    ``{"rooms": [{"is_lit": true}]}`` is ``Rooms 1 › Is lit`` and ``yes``. Keys that are no plain
    words stand as they are.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = _spoken(str(key))
            yield from flat(inner, f"{label} › {name}" if label else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from flat(inner, f"{label} {number}".lstrip())
    elif value is not None and value != "":
        yield label, _text(value)


def _spoken(key: str) -> str:
    if len(key) > 100 or not _PLAIN_KEY.fullmatch(key):
        return key
    text = " ".join(_WRITTEN.get(word, word) for word in key.split("_"))
    return text[0].upper() + text[1:]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    text = str(value)
    return _shown_time(text) if len(text) <= _TIME_LENGTH else text


def _shown_time(text: str) -> str:
    time = _TIME.fullmatch(text)
    if time is None:
        return text
    zone = time["zone"] or ""
    return f"{time['day']} {time['hour']}{' UTC' if zone == 'Z' else f' {zone}'}".rstrip()
