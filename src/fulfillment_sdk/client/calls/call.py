"""An operation as a value: what to send, how to read the answer, whether it may be repeated.

A `Call` knows no transport. The namespaces build them, `exchange` decides over them, and a shell
(`transport`) only sends and waits: an asynchronous one needs no second copy of anything else.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import attrs

from fulfillment_sdk.errors import APIError, ConfigurationError

T_co = TypeVar("T_co", covariant=True)
Progress: TypeAlias = Callable[[int, int | None], object]
"""Told of the bytes that are done, and of all of them (None where that is not known)."""

WEBFORM: Final = "/api/webhook/webform/"


class Repeat(enum.Enum):
    """Whether a request that may have reached the server may be sent once more."""

    SAFE = "safe"
    KEYED = "keyed"  # if the server has announced `idempotency`
    ONCE = "once"


@attrs.frozen
class Answer:
    """What came back: names of headers in lower case, a streamed body is left empty."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def content_type(self) -> str:
        """The media type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """The bytes that are announced; None for nothing, and for more than anybody has."""
        announced = self.headers.get("content-length", "")
        return int(announced) if announced.isdecimal() and len(announced) < 16 else None


class Sink(Protocol):
    """Where the body of a good answer goes piece by piece, instead of into memory."""

    def begin(self, answer: Answer) -> None:
        """Start, or start over: what an earlier try has written is void."""

    def write(self, piece: bytes) -> None:
        """Take the next piece."""


class Upload(Protocol):
    """A body that goes out piece by piece, instead of from memory."""

    @property
    def content_type(self) -> str:
        """What the body is, with its parameters."""

    @property
    def length(self) -> int | None:
        """How many bytes it has, None where that is not known before its end."""

    def can_begin(self) -> bool:
        """Whether its first byte can be had: not when it was read from what can't be rewound."""

    def begin(self) -> Iterator[bytes]:
        """Start, or start over."""


class Keys(NamedTuple):
    """What finds a creation again that got no answer."""

    idempotency_key: str
    src_uid: str | None = None


class Dialect(NamedTuple):
    """Another way to write a body, for a server that refuses the usual one.

    `wanted` looks at a refusal and says whether it is about the way of writing and nothing else;
    `faults` gives what of its `errors` is about anything else, `write` the other body. A server
    that wanted it once gets it at once from then on.
    """

    name: str
    wanted: Callable[[APIError], bool]
    faults: Callable[[object], Mapping[str, object]]
    write: Callable[[], bytes]


class KnownWords(NamedTuple):
    """The error for a status with certain words (lower case) anywhere in the server's text."""

    status: int
    words: str
    error: type[APIError]
    remedy: str = ""


@attrs.frozen(eq=False)
class Call(Generic[T_co]):
    """One operation.

    `read` turns a 2xx into the result. `item` says that the path names one thing, which may be
    gone. `feature` names what a server lacks that does not know the address; `beyond` says that
    the source documents lack it too. `unknown_remedy` is what to do if nobody knows whether it
    was done; `proof` is the status that, after a try without an answer, says that it was.
    `patience` is for how many seconds the server is asked to wait before it answers. `masked` are
    texts that go out beside `body` and are not to be shown. `token` goes out instead of the
    client's, and nothing takes its place.
    """

    method: str
    path: str
    read: Callable[[Answer], T_co] = attrs.field(repr=False)
    feature: str
    beyond: bool = False
    item: bool = False
    body: bytes | None = attrs.field(default=None, repr=False)
    upload: Upload | None = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict)
    repeat: Repeat = Repeat.SAFE
    bearer: bool = True
    known: tuple[KnownWords, ...] = ()
    keys: Keys | None = None
    unknown_remedy: str = ""
    dialect: Dialect | None = attrs.field(default=None, repr=False)
    sink: Sink | None = attrs.field(default=None, repr=False)
    proof: int | None = None
    patience: float = 0.0
    masked: tuple[str, ...] = attrs.field(default=(), repr=False)
    token: str | None = attrs.field(default=None, repr=False)


class Runner(Protocol):
    """What runs a `Call`: sends it, as often as it takes, and gives its result or raises."""

    def run(self, call: Call[T_co]) -> T_co:
        """Run one call to its end."""


def segment(name: str, value: str) -> str:
    """`value` as one segment of a path; ConfigurationError if it cannot be one, or TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"the {name} must be a str, not {type(value).__name__}")
    if not value.strip() or not value.isprintable() or value in {".", ".."}:
        raise ConfigurationError(
            f"The {name} is no identifier", remedy=f"Give the {name} as the server answered it."
        )
    return quote(value, safe="")


def query(**parameters: str | None) -> str:
    """The parameters that are given, as the end of a path; empty if there are none.

    Raises ConfigurationError for a text that can't be sent.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    for name, value in given.items():
        if not sendable(str(value)):
            raise ConfigurationError(
                f"The value of {name!r} is no text that can be sent",
                remedy=f"Give {name!r} without halves of surrogate pairs (U+D800 to U+DFFF).",
            )
    return f"?{urlencode(given, quote_via=quote, safe='')}" if given else ""


def sendable(value: str) -> bool:
    """Whether a text can be written in UTF-8: one with half a surrogate pair can't."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
