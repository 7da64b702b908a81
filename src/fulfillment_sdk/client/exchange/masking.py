"""What of a server's words may be shown: never a value that was sent (contract, section 6)."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final
from urllib.parse import unquote

_LONGEST: Final = 300
_READ: Final = 2000
_TOGETHER: Final = 3
_DEEPEST: Final = 32
_NAMED: Final = 500
_FIELD = re.compile(r"[A-Za-z_.][A-Za-z0-9_.-]{0,63}")
# Control characters, what turns the direction of writing or is not seen, halves of characters.
_UNPRINTABLE = re.compile(
    r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff]+"
)
# A token, whole or in part; a secret, a key, a signature. An id is shorter.
_TOKEN = re.compile(r"\beyJ[\w-]{4,}(\.[\w-]*){0,2}|[A-Za-z0-9_+/=-]{40,}")
_ESCAPED = re.compile(r"[\\%&]")
# Letters as JSON and Python's `repr` write them into a text.
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|((?:\\x[0-9a-fA-F]{2})+)|\\[nrt]")
_TWICE: Final = 2
_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"\d[\d ().:/-]{4,}\d")
# What is quoted (an apostrophe is no quote), an address, a number: the usual shapes of an echo.
_ECHO = re.compile(
    r"\"[^\"]*\"|(?<!\w)[brfuBRFU]{0,2}'[^']*'|‘[^’]*’|“[^”]*”|\S+@\S+|\+?\d[\d .:/-]{2,}\d|\d{4,}"
)
_HARMLESS = re.compile(
    r"(missing required field|invalid value for field|invalid timestamp): [\w.\[\]-]{1,128}"
    r"|[a-z][a-z ,()-]*\.?",
    re.IGNORECASE,
)


def sentence(text: str, sent: Collection[str] = ()) -> str:
    """A `message` as one line, without what was `sent`.

    Neither a whole value shows, however it is spelt, nor three words of one in a row, nor a number
    of six digits or more. Values of one or two characters stay if they can't be told from words.
    Each value is looked at a fixed number of times, so that a large body takes no longer than that.
    """
    line = _TOKEN.sub("…", _one_line(_unescaped(text[:_READ])))
    if not line:
        return ""
    values = set(map(_one_line, sent))
    values |= {_one_line(_unescaped(value)) for value in sent if _ESCAPED.search(value)}
    lower = line.lower()
    whole = [value for value in values if 1 < len(value) <= len(line) and value.lower() in lower]
    for value in sorted(whole, key=len, reverse=True):
        line = _without(line, value)
    line = _without_numbers(_without_passages(line, values), values)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def guarded(text: str, sent: Collection[str] = ()) -> str:
    """An `error` or `detail`: like `sentence`, and what looks like an echo goes too."""
    line = sentence(text, sent)
    return line if _HARMLESS.fullmatch(line) else _ECHO.sub("…", line)


def texts(value: object) -> Iterator[str]:
    """Every string and number inside parsed JSON as text, keys aside."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield json.dumps(value)
        elif isinstance(value, Mapping):
            waiting += reversed(list(value.values()))
        elif isinstance(value, list | tuple):
            waiting += reversed(value)


def field_paths(errors: object, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The fields that a nested `errors` names, each with the text about it (never to be shown)."""
    if depth > _DEEPEST:
        return
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            name = str(key) if _FIELD.fullmatch(str(key)) else "…"
            yield from field_paths(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(errors, list | tuple):
        for index, inner in enumerate(errors):
            if path:
                to = path if isinstance(inner, str) else f"{path}[{index}]"
                yield from field_paths(inner, to, depth + 1)
            elif isinstance(inner, Mapping):  # its texts are about the error, not about a field
                about = {key: it for key, it in inner.items() if not isinstance(it, str)}
                yield from field_paths(about, depth=depth + 1)
    elif isinstance(errors, str) and path:
        yield path, errors


def named_fields(errors: object) -> list[str]:
    """The fields that a nested `errors` names, each once: as many as a line can show."""
    found = islice(field_paths(errors), _NAMED)
    return list(dict.fromkeys(path for path, _words in found))


def _one_line(text: str) -> str:
    if text.isascii() and text.isprintable() and "  " not in text:  # what nearly all values are
        return text.strip()
    # With one way to write a letter: an accent may come apart from it.
    return _UNPRINTABLE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _unescaped(text: str) -> str:
    """A text without the ways in which pages, addresses, JSON and logs write letters."""
    for _ in range(_TWICE):
        if not _ESCAPED.search(text):
            break
        text = html.unescape(unquote(_ESCAPE.sub(_letters, text)))
        # The halves of a character that JSON writes one by one.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _letters(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    if not found[2]:
        return " "
    written = bytes.fromhex(found[2].replace("\\x", ""))
    try:
        return written.decode("utf-8")
    except UnicodeDecodeError:
        return written.decode("latin-1")


def _without(line: str, value: str) -> str:
    if len(value) > 2:
        return re.sub(re.escape(value), "…", line, flags=re.IGNORECASE)
    if value.isascii() and value.islower():
        return line
    return re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", line)


def _without_passages(line: str, values: Iterable[str]) -> str:
    """What of a text came back cut short or in part."""
    words = list(_WORD.finditer(line))
    passages = [
        tuple(_words(" ".join(word[0] for word in words[start : start + _TOGETHER])))
        for start in range(len(words) - _TOGETHER + 1)
    ]
    told = _told(passages, values) if passages else set()
    hidden = {
        index
        for start, passage in enumerate(passages)
        if passage in told
        for index in range(start, start + _TOGETHER)
    }
    parts, shown_to = [], 0
    for index in sorted(hidden):
        if index - 1 not in hidden:
            parts += [line[shown_to : words[index].start()], "…"]
        shown_to = words[index].end()
    return "".join(parts) + line[shown_to:]


def _told(passages: list[tuple[str, ...]], values: Iterable[str]) -> set[tuple[str, ...]]:
    """Those of the passages that are in one of the values."""
    said, told = set(passages), set[tuple[str, ...]]()
    # Of three words, but for those that are two in small letters.
    sizes, known = set(map(len, said)), set().union(*said)
    for words in map(_words, values):
        if known.isdisjoint(words):
            continue
        for size in sizes:
            told.update(said.intersection(zip(*(words[by:] for by in range(size)), strict=False)))
    return told


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _without_numbers(line: str, values: Iterable[str]) -> str:
    """A phone number, say, that is written otherwise than it was sent."""
    if not _NUMBER.search(line):
        return line
    told = "\n".join(digits for value in values if len(digits := _digits(value)) > 5)

    def shown(found: re.Match[str]) -> str:
        digits = _digits(found[0])
        return "…" if len(digits) > 5 and digits in told else found[0]

    return _NUMBER.sub(shown, line)


def _digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))
