"""Send events on as signed webhooks (contract, section 4, "Gateway -> partner").

`read_answer` and `cause` decide, `WebhookSink` acts: one aiohttp session for all endpoints, opened
in the loop that delivers.
"""

from __future__ import annotations

import asyncio
import errno
import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import attrs

from fulfillment_sdk import signing
from fulfillment_sdk._version import __version__
from fulfillment_sdk.errors import ConfigurationError, MissingExtra, PayloadError
from fulfillment_sdk.plugins.addresses import Guard, refusal
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry

try:
    import aiohttp
    from yarl import URL
except ImportError as error:
    raise MissingExtra("aiohttp", "webhook") from error

HTTPS_ONLY = frozenset({"https"})
USER_AGENT = f"FulfillmentPortal/{__version__}"

_ANSWERS: Mapping[int, Outcome] = {
    400: Reject("HTTP 400"),
    410: Reject("HTTP 410", disable=True),
    422: Reject("HTTP 422"),
}

# The outcome is known once the status is. The rest of an answer is read only so that the connection
# can serve again, and an endpoint that drips it is not worth more than this.
_REST_SECONDS = 1.0

# Shorter than the 5 s after which common servers drop an idle connection, so that a POST, which
# must not be repeated blindly, rarely meets one that is just being closed.
_KEEP_ALIVE_SECONDS = 4.0

# aiohttp warns above this that sending one block of bytes holds up the loop.
_ONE_BLOCK = 1024 * 1024


def read_answer(status: int, headers: Mapping[str, str], now: float) -> Outcome:
    """Decide from an endpoint's answer what becomes of a delivery (contract, section 4).

    `status` is the HTTP status, `headers` the answer's in any case, `now` epoch seconds (for a
    `Retry-After` that is a date). 2xx is delivered; 400 and 422 are rejected; 410 rejects and
    disables the destination; all else is tried again. That includes redirects, which are never
    followed, and the client errors that the contract does not list (such as 405 and 413): they
    speak of an endpoint that is set up wrongly, not of an event that is wrong.
    """
    if 200 <= status < 300:
        return Delivered(f"HTTP {status}")
    if 300 <= status < 400:
        return Retry(f"HTTP {status}: redirects are not followed")
    if status in _ANSWERS:
        return _ANSWERS[status]
    return Retry(f"HTTP {status}", after=_retry_after(headers, now))


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by `Retry-After` (RFC 9110, section 10.2.3); None if it says nothing."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


class AddressRefused(OSError):
    """A socket was about to connect to an address that the guard refuses."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EACCES, f"address refused: {reason}")
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
    # TLS and the resolver have numbers of their own, which mean something else.
    own = isinstance(failure, OSError) and not isinstance(failure, ssl.SSLError | socket.gaierror)
    code = errno.errorcode.get(getattr(failure, "errno", None) or 0) if own else None
    return f"{words} ({code})" if code else words


@attrs.frozen(slots=True)
class Endpoint:
    """Where a destination's settings say to post, and what to sign with."""

    url: URL
    secrets: tuple[str, ...] = attrs.field(repr=False)

    @classmethod
    def read(cls, settings: Mapping[str, object], schemes: frozenset[str]) -> Endpoint | str:
        """Read `{"url": …, "secrets": […]}`, or say what is wrong with it (naming no value)."""
        url, secrets = settings.get("url"), settings.get("secrets")
        if not isinstance(secrets, list | tuple) or not secrets:
            return "the endpoint has no secret"
        try:
            target = URL(url) if isinstance(url, str) else URL()
        except ValueError:
            target = URL()
        if not target.host:
            return "the endpoint's URL can't be used"
        if target.scheme not in schemes:
            return f"the endpoint's URL must begin with {' or '.join(sorted(schemes))}"
        return cls(target, tuple(str(secret) for secret in secrets))


class WebhookSink:
    """Posts each event's bytes, signed anew, to the URL in its destination's settings.

    Settings: `{"url": str, "secrets": [str, …]}`, every secret signs. `allow` is asked about the
    address of each socket before it connects, whether it came from a name or a literal. `timeout`
    covers all of one attempt in seconds, from the name's look-up to the answer's status. `tls`
    replaces the system's trusted certificates. Contract, section 4.
    """

    def __init__(
        self,
        *,
        allow: Guard = refusal,
        schemes: frozenset[str] = HTTPS_ONLY,
        user_agent: str = USER_AGENT,
        clock: Callable[[], float] = time.time,
        timeout: float = 15.0,
        max_answer: int = 65536,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = allow
        self._schemes = schemes
        self._user_agent = user_agent
        self._clock = clock
        self._timeout = timeout
        self._max_answer = max_answer
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session in the running loop; after `close` it may be opened anew."""
        connector = aiohttp.TCPConnector(
            limit=0,  # the relay bounds each destination; a common bound would let one starve all
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            socket_factory=self._socket,
            ssl=self._tls or True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close the session and its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Make one attempt; every failure to get an answer is a `Retry` with its cause."""
        if self._session is None:
            raise RuntimeError("WebhookSink.open() has not been awaited")
        endpoint = Endpoint.read(delivery.settings, self._schemes)
        if isinstance(endpoint, str):
            return Retry(endpoint)
        try:
            headers = self._headers(delivery, endpoint)
        except ConfigurationError:
            return Retry("the endpoint's secret can't be used")
        except PayloadError:
            return Reject("the event's id can't be signed")
        return await self._post(self._session, endpoint.url, headers, delivery.body)

    def _headers(self, delivery: Delivery, endpoint: Endpoint) -> dict[str, str]:
        now = int(self._clock())
        return {
            **signing.headers(endpoint.secrets, delivery.id, now, delivery.body),
            "Content-Type": "application/json",
            "X-Fulfillment-Attempt": str(delivery.attempt),
        }

    async def _post(
        self, session: aiohttp.ClientSession, url: URL, headers: dict[str, str], body: bytes
    ) -> Outcome:
        outcome: Outcome | None = None
        data = body if len(body) <= _ONE_BLOCK else io.BytesIO(body)
        post = session.post(url, data=data, headers=headers, allow_redirects=False)
        try:
            async with asyncio.timeout(self._timeout), post as response:
                outcome = read_answer(response.status, response.headers, self._clock())
                await self._read_rest(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return outcome or Retry(cause(error))
        return outcome

    async def _read_rest(self, response: aiohttp.ClientResponse) -> None:
        size = 0
        try:
            async with asyncio.timeout(_REST_SECONDS):
                async for chunk in response.content.iter_chunked(8192):
                    size += len(chunk)
                    if size > self._max_answer:
                        break
                else:
                    return
        except TimeoutError:
            pass
        response.close()

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        reason = self._allow(str(address[0]))
        if reason is not None:
            raise AddressRefused(reason)
        connection = socket.socket(family, kind, protocol)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
