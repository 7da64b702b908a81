"""What the gateway has against the fields of a complaint: nothing is mandatory.

Recorded are the refusals of booleans, objects, lists, nulls, blanks and NUL in strings, of null in
lists, the length of `reporter_nickname`, and an unknown `conversation`. That four fields may be
null or blank, and the lengths of two of them, stands in the public source's models only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

LENGTHS: Final = {"reporter_nickname": 100, "case_category": 255, "message_id_ref": 255}
MAY_BE_EMPTY: Final = frozenset({*LENGTHS, "complaint_text"})

# In the order in which the gateway reports them.
_MODEL_TEXTS: Final = ("reporter_nickname", "case_category", "complaint_text", "message_id_ref")
_CONVERSATION: Final = "conversation"
_SOURCE: Final = (
    "src", "src_uid", "src_address", "src_uid2", "src_usr", "src_vector", "src_callid", "src_ts",
)  # fmt: skip
_ANY_JSON: Final = (
    "metadata", "reporters_uuid", "clients_case", "perpetrators_case", "attachments_case",
    "services",
)  # fmt: skip
_CASE: Final = (
    "knowabout116_id", "case_category_id", "narrative", "plan", "justice_id", "assessment_id",
    "priority", "status", "escalated_to_id", "gbv_related",
)  # fmt: skip

NULL: Final = "This field may not be null."
BLANK: Final = "This field may not be blank."
NO_STRING: Final = "Not a valid string."
NUL_CHARACTER: Final = "Null characters are not allowed."


def refusals(data: Mapping[str, object], conversations: Collection[int]) -> dict[str, list[str]]:
    """Every field that is refused, with the sentences about it; unknown keys go unseen."""
    checks: dict[str, Callable[[str, object], Iterator[str]]] = {
        **dict.fromkeys(_MODEL_TEXTS, _text),
        _CONVERSATION: lambda _name, value: _conversation(value, conversations),
        **dict.fromkeys(_SOURCE, _text),
        **dict.fromkeys(_ANY_JSON, _json),
        **dict.fromkeys(_CASE, _text),
    }
    found = {name: list(check(name, data[name])) for name, check in checks.items() if name in data}
    return {name: sentences for name, sentences in found.items() if sentences}


def _text(name: str, value: object) -> Iterator[str]:
    if value is None:
        if name not in MAY_BE_EMPTY:
            yield NULL
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        yield NO_STRING
    elif not (text := str(value).strip()):
        if name not in MAY_BE_EMPTY:
            yield BLANK
    else:
        if len(text) > LENGTHS.get(name, len(text)):
            yield f"Ensure this field has no more than {LENGTHS[name]} characters."
        if "\x00" in text:
            yield NUL_CHARACTER


def _json(_name: str, value: object) -> Iterator[str]:
    if value is None:
        yield NULL


def _conversation(value: object, known: Collection[int]) -> Iterator[str]:
    if value is None or value == "":
        yield NULL
    elif isinstance(value, int | str) and not isinstance(value, bool) and str(value).isdecimal():
        if int(value) not in known:
            yield f'Invalid pk "{value}" - object does not exist.'
    else:
        yield f"Incorrect type. Expected pk value, received {type(value).__name__}."
