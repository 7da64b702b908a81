"""An operation as a value: what to send, how to read the answer, whether it may be repeated.

A `Call` knows no transport. The namespaces build them, `exchange` decides over them, and a shell
(`transport`) only sends and waits: an asynchronous one needs no second copy of anything else.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import quote

import attrs

from fulfillment_sdk.errors import APIError, ConfigurationError

T_co = TypeVar("T_co", covariant=True)

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


class Sink(Protocol):
    """Where the body of a good answer goes piece by piece, instead of into memory."""

    def begin(self, answer: Answer) -> None:
        """Start, or start over: what an earlier try has written is void."""

    def write(self, piece: bytes) -> None:
        """Take the next piece."""


@attrs.frozen
class Keys:
    """What finds a creation again that got no answer."""

    idempotency_key: str
    src_uid: str | None = None


@attrs.frozen
class Dialect:
    """Another way to write a body, for a server that refuses the usual one.

    `wanted` looks at a refusal and says whether it is about the way of writing and nothing else;
    `faults` gives what of its `errors` is about anything else, `write` the other body. A server
    that wanted it once gets it at once from then on.
    """

    name: str
    wanted: Callable[[APIError], bool]
    faults: Callable[[object], Mapping[str, object]]
    write: Callable[[], bytes]


@attrs.frozen
class KnownWords:
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
    was done.
    """

    method: str
    path: str
    read: Callable[[Answer], T_co] = attrs.field(repr=False)
    feature: str
    beyond: bool = False
    item: bool = False
    body: bytes | None = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict)
    repeat: Repeat = Repeat.SAFE
    bearer: bool = True
    known: tuple[KnownWords, ...] = ()
    keys: Keys | None = None
    unknown_remedy: str = ""
    dialect: Dialect | None = attrs.field(default=None, repr=False)
    sink: Sink | None = attrs.field(default=None, repr=False)


class Runner(Protocol):
    """What runs a `Call`: sends it, as often as it takes, and gives its result or raises."""

    def run(self, call: Call[T_co]) -> T_co:
        """Run one call to its end."""


def segment(name: str, value: str) -> str:
    """`value` as one segment of a path; ConfigurationError if it cannot be one."""
    if not value.strip() or value in {".", ".."}:
        raise ConfigurationError(
            f"The {name} is no identifier", remedy=f"Give the {name} as the server answered it."
        )
    return quote(value, safe="")
