"""What was asked and what came back, as far as an error may carry it.

Named tuples, since whoever imports the errors alone shall not wait for attrs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Self

# Credentials, and what may hold one or a file's name.
_WITHHELD: Final = frozenset(
    {
        "authorization",
        "content-disposition",
        "cookie",
        "location",
        "proxy-authorization",
        "set-cookie",
        "set-cookie2",
    }
)


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _WITHHELD}


class _Sent(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str]


class SentRequest(_Sent):
    """The `method`, `url` and `headers` of a request: without its body, and without credentials.

    The headers are those that the call itself needs. What the transport and a session of yours add
    is not among them. A `repr` shows neither them nor the query of the address.
    """

    __slots__ = ()

    def __new__(cls, method: str, url: str, headers: Mapping[str, str] | None = None) -> Self:
        """Keep of the headers what may be kept."""
        return super().__new__(cls, method, url, _shown(headers or {}))

    def __repr__(self) -> str:
        return f"SentRequest(method={self.method!r}, url={self.url.partition('?')[0]!r})"


class _Answered(NamedTuple):
    status: int
    headers: Mapping[str, str]


class ServerResponse(_Answered):
    """The head of an answer: `status`, and `headers` by lower-case names, without credentials.

    A `repr` shows the status alone.
    """

    __slots__ = ()

    def __new__(cls, status: int, headers: Mapping[str, str] | None = None) -> Self:
        """Keep of the headers what may be kept."""
        return super().__new__(cls, status, _shown(headers or {}))

    def __repr__(self) -> str:
        return f"ServerResponse(status={self.status})"

    @property
    def request_id(self) -> str | None:
        """The server's ``X-Request-Id``, for its operator to look up."""
        return self.headers.get("x-request-id")
