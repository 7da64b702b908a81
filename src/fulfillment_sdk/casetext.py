"""A case from text as people write it: the document's JSON, comments included.

A parser of its own, because whoever wrote the text wants to know the line and the column, and
comments can only be told from content while reading. What it takes is otherwise plain JSON.
"""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import NewCase
from fulfillment_sdk.strictjson import MAX_DEPTH, FloatText

_BLANK: Final = re.compile(r"(?:[ \t\r\n]++|(?:\#|//)[^\r\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+")
_STRING: Final = re.compile(
    r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+'  # and then its other quote
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_WORD: Final = re.compile(r"-?[A-Za-z]++")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
# The models' own: `perpetrators_case[0].national_id_type_id`.
_DEEPEST: Final = 3
_LONGEST_KEY: Final = 40
_WORDS: Final[dict[str, object]] = {"true": True, "false": False, "null": None}
_NOT_NUMBERS: Final = frozenset({"NaN", "Infinity", "-Infinity"})


def load_case(text: str | bytes) -> NewCase:
    """Read a case from the document's JSON, with ``#``, ``//`` and ``/* … */`` comments.

    ``text`` is a string, or bytes in UTF-8, and may begin with a byte order mark. Comments count
    where JSON has blanks, never inside a string. Unknown keys are kept in ``extra``; which of them
    look misspelt, and what the contract has against the case, is for `fulfillment_sdk.validate` to
    say. Raises `PayloadError` with ``line`` and ``column`` for anything that is no JSON object, has
    a key twice, is nested over 32 deep, or has a value of the wrong type, then with the field's
    path too. The error holds nothing of the text. Raises TypeError for what is no text, a path or
    an open file, say. Contract, section 2.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise TypeError(f"load_case() takes the JSON as text or bytes, not {type(text).__name__}")
    source = _decoded(text)
    reader = _Reader(source)
    document = reader.document()
    found: PayloadError | None = None
    try:
        case = wire.load(NewCase, document)
    except PayloadError as error:
        found = error
    else:
        return case
    # Outside the handler, so that no value hangs on to the error by way of its context.
    raise _at(source, reader.places.get(found.path, 0), found.reason, path=found.path)


class _Reader:
    """One pass over the text; ``places`` has the offset of each value that a model may know.

    Paths are kept as far as the models go, lest long keys are repeated for all that is below them.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.places: dict[str, int] = {}

    def document(self) -> dict[str, object]:
        """The one object that the whole text is."""
        if self._next() != "{":
            self._fail("not a JSON object")
        document = self._object("", 1)
        if self._next():
            self._fail("something follows the object")
        return document

    def _value(self, path: str, depth: int) -> object:
        first = self._next()
        if path:
            self.places[path] = self._at
        if first in ("{", "["):
            if depth > MAX_DEPTH:
                self._fail("nested too deep")
            return self._object(path, depth) if first == "{" else self._list(path, depth)
        if first == '"':
            return self._string()
        if number := _NUMBER.match(self._text, self._at):
            self._at = number.end()
            return _number(number)
        return self._word()

    def _object(self, path: str, depth: int) -> dict[str, object]:
        result: dict[str, object] = {}
        self._at += 1
        while self._next() != "}" or result:
            if self._next() != '"':
                self._fail("expected a key in double quotes")
            start, key = self._at, self._string()
            if key in result:
                self._fail("an object has a key twice", start)
            if self._next() != ":":
                self._fail("expected a colon")
            self._at += 1
            result[key] = self._value(_join(path, key, depth), depth + 1)
            if not self._goes_on("}"):
                return result
        self._at += 1
        return result

    def _list(self, path: str, depth: int) -> list[object]:
        result: list[object] = []
        self._at += 1
        while self._next() != "]" or result:
            result.append(self._value(path and f"{path}[{len(result)}]", depth + 1))
            if not self._goes_on("]"):
                return result
        self._at += 1
        return result

    def _goes_on(self, end: str) -> bool:
        """Step over a comma, or over the end."""
        found = self._next()
        if found not in (",", end):
            self._fail(f"expected a comma or {end}")
        self._at += 1
        return found == ","

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        end = found.end() if found else self._at
        if not self._text.startswith('"', end) or end == self._at:
            self._fail(_STRING_FAULTS.get(self._text[end : end + 1], "a control character"), end)
        value: str = json.loads(self._text[self._at : end + 1])
        if _SURROGATE.search(value):
            self._fail("a text has half a surrogate pair")
        self._at = end + 1
        return value

    def _word(self) -> object:
        found = _WORD.match(self._text, self._at)
        word = found[0] if found else ""
        if word in _NOT_NUMBERS:
            self._fail("NaN and Infinity are not JSON")
        if word not in _WORDS:
            self._fail("expected a value")
        self._at += len(word)
        return _WORDS[word]

    def _next(self) -> str:
        """Step over blanks and comments; the character there, empty at the end."""
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        if self._text.startswith("/*", self._at):
            self._fail("a comment has no end")
        return self._text[self._at : self._at + 1]

    def _fail(self, reason: str, place: int | None = None) -> NoReturn:
        raise _at(self._text, self._at if place is None else place, reason)


def _join(path: str, key: str, depth: int) -> str:
    if len(key) > _LONGEST_KEY or depth > _DEEPEST or not (path or depth == 1):
        return ""
    return f"{path}.{key}" if path else key


_STRING_FAULTS: Final = {"": "a text has no end", "\\": "an escape that JSON does not have"}


def _number(found: re.Match[str]) -> object:
    text = found[0]
    if found[1] or found[2]:
        return FloatText(text)
    try:
        return int(text)
    except ValueError:  # beyond Python's limit of digits: a number all the same
        return FloatText(text)


def _decoded(given: str | bytes | bytearray) -> str:
    text, fault = (given, "") if isinstance(given, str) else _from_utf8(given)
    # Editors on some systems begin a file with it; it is no part of the text.
    text = text.removeprefix("\ufeff")
    if fault:
        raise _at(text, len(text), fault)
    if found := _SURROGATE.search(text):
        raise _at(text, found.start(), "a text has half a surrogate pair")
    return text


def _from_utf8(data: bytes | bytearray) -> tuple[str, str]:
    """The text, or as much of it as can be read and what is wrong with the rest."""
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        return data[: error.start].decode("utf-8"), "not UTF-8"


def _at(text: str, place: int, reason: str, *, path: str = "") -> PayloadError:
    ends = [found.end() for found in _LINE_END.finditer(text, 0, place)]
    start = ends[-1] if ends else 0
    return PayloadError(path, reason, line=len(ends) + 1, column=place - start + 1)
