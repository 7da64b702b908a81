"""Why no answer came, in a few words that fit a log."""

from __future__ import annotations

import errno
import socket
import ssl

from fulfillment_sdk._extras import needs

with needs("webhook"):
    import aiohttp


class AddressRefused(OSError):
    """A socket was about to connect to an address that the guard refuses."""

    def __init__(self, reason: str) -> None:
        # One text for all reasons: of several errors that read alike, aiohttp raises the first.
        super().__init__(errno.EACCES, "address refused")
        self.reason = reason


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "the endpoint's name can't be resolved"),
    (aiohttp.ClientConnectorCertificateError, "the endpoint's certificate is not accepted"),
    (aiohttp.ClientSSLError, "no TLS connection"),
    (aiohttp.ClientConnectorError, "no connection"),
    (aiohttp.InvalidURL, "the endpoint's URL can't be used"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (aiohttp.ClientConnectionError, "the connection was closed before an answer"),
    (TimeoutError, "no answer in time"),
)


def cause(error: Exception) -> str:
    """Say in a few words why no answer came; names neither URL nor address, so it fits a log."""
    failure = getattr(error, "os_error", error)
    if isinstance(failure, AddressRefused):
        return f"the endpoint's address is refused ({failure.reason})"
    words = next((text for kind, text in _CAUSES if isinstance(error, kind)), type(error).__name__)
    # TLS and the system's resolver have numbers of their own, which mean something else.
    own = isinstance(failure, OSError) and not isinstance(failure, ssl.SSLError | socket.gaierror)
    code = errno.errorcode.get(getattr(failure, "errno", None) or 0) if own else None
    return f"{words} ({code})" if code else words
