"""What plugins are told of a client's requests: enough to measure and to trace, nobody's story.

No credentials, no values of a query, and no body unless the plugin asks (`wants_bodies`).
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True, eq=False)
class RequestFacts:
    """One request that a client sends; both hooks of one request get the same object.

    So it may be the key of a dictionary.

    Args:
        method: `POST`, for instance.
        url: the address, each value in its query replaced by `REDACTED`.
        route: the path with `{id}` for each identifier, without query: few enough to count by.
        attempt: 1, or more where the client sends a call once again.
        headers: by their names in lower case, without credentials; what a session of the caller's
            adds is not among them.
        size: the length of the body in bytes; None if it is not known beforehand, 0 without a body.
        body: the bytes that are sent, if the plugin asked for them; None where there are none, and
            for a file that is sent piece by piece.
    """

    method: str
    url: str
    route: str
    attempt: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    size: int | None
    body: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True, eq=False)
class ResponseFacts:
    """The answer to a request, whatever its status.

    Args:
        status: the HTTP status.
        headers: by their names in lower case, without cookies and locations.
        size: the length of the body in bytes, as announced or else as read; None if neither is
            known.
        body: the bytes that were read, if the plugin asked for them; None where there were none,
            for a file that is fetched piece by piece, and where the answer broke off.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    size: int | None
    body: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ErrorFacts:
    """Why a request came to nothing.

    Args:
        kind: the name of the error's class: few enough to count by. `NotFound`, for instance;
            `ConnectionFailed` where surely nothing arrived, `TransportError` where no answer came;
            `KeyboardInterrupt`.
        why: the cause in a few words, without values: `status 404`, `Connection refused`; may be
            empty.
    """

    kind: str
    why: str = ""
