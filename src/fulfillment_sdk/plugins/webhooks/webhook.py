"""Send events on as signed webhooks (contract, section 4, "Gateway -> partner").

`answers` and `causes` decide, `WebhookSink` acts: one aiohttp session for all endpoints, opened in
the loop that delivers.
"""

from __future__ import annotations

import asyncio
import errno
import io
import socket
import ssl
import time
from collections.abc import Callable

from fulfillment_sdk import signing
from fulfillment_sdk._extras import needs
from fulfillment_sdk._version import __version__
from fulfillment_sdk.errors import ConfigurationError, PayloadError
from fulfillment_sdk.plugins.webhooks.addresses import Guard, refusal
from fulfillment_sdk.plugins.webhooks.answers import beginning, explained, read_answer
from fulfillment_sdk.plugins.webhooks.causes import AddressRefused, cause
from fulfillment_sdk.plugins.webhooks.endpoints import HTTPS_ONLY, Endpoint, KeptAlive
from fulfillment_sdk.plugins.webhooks.resolver import Resolver
from fulfillment_sdk.plugins.webhooks.sockets import Opened, Sockets
from fulfillment_sdk.relay import Delivery, Outcome, Reject, Retry
from fulfillment_sdk.relay.dispatching import descriptors

with needs("webhook"):
    import aiohttp
    from aiohttp.abc import AbstractResolver
    from yarl import URL

USER_AGENT = f"FulfillmentPortal/{__version__}"

# Shorter than the 5 s after which common servers drop an idle connection, so that a POST, which
# must not be repeated blindly, rarely meets one that is just being closed.
_KEEP_ALIVE_SECONDS = 4.0

# aiohttp warns above this that sending one block of bytes holds up the loop.
_ONE_BLOCK = 1024 * 1024

# Of what the process may open, so many parts are for exchanges under way, and for idle connections;
# the rest is the host's.
_UNDER_WAY = 2
_IDLE = 4


class WebhookSink:
    """Posts each event's bytes, signed anew, to the URL in its destination's settings.

    Settings: `{"url": str, "secrets": [str, …]}`, every secret signs; one that is to sign no longer
    than until a time of `clock` is `{"secret": str, "until": float}`. `allow` is asked about the
    address of each socket before it connects, whether it came from a name or a literal; `resolver`
    makes what looks names up. `timeout` covers all of one attempt in seconds, from the name's
    look-up to the answer's status. What follows the status changes nothing any more: it is read for
    its technical words and so that the connection can serve again, `max_answer` bytes and
    `answer_seconds` at most. `max_idle` endpoints keep a connection between two events. `tls`
    replaces the system's trusted certificates. Contract, section 4.

    No more than half of the files that this process may open are sockets under way, and endpoints
    that hang get a part of those only. A delivery that finds no descriptor raises `OSError` with
    `EMFILE` or `ENFILE`, as other sinks' do: the relay counts no try, and comes back soon.
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
        answer_seconds: float = 1.0,
        max_idle: int = 512,
        tls: ssl.SSLContext | None = None,
        resolver: Callable[[], AbstractResolver] = Resolver,
    ) -> None:
        self._allow = allow
        self._schemes = schemes
        self._user_agent = user_agent
        self._clock = clock
        self._timeout = timeout
        self._max_answer = max_answer
        self._answer_seconds = answer_seconds
        self._max_idle = max_idle
        self._tls = tls
        self._make_resolver = resolver
        self._resolver: AbstractResolver | None = None
        self._session: aiohttp.ClientSession | None = None
        self._limit()

    async def open(self) -> None:
        """Open the session in the running loop; after `close` it may be opened anew."""
        self._limit()
        self._resolver = self._make_resolver()
        connector = aiohttp.TCPConnector(
            limit=0,  # the relay bounds each destination; a common bound would let one starve all
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            resolver=self._resolver,
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
        """Close the session, its connections and look-ups."""
        session, self._session = self._session, None
        resolver, self._resolver = self._resolver, None
        if session is not None:
            await session.close()
        if resolver is not None:
            await resolver.close()

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Make one attempt; every failure to get an answer is a `Retry` with its cause."""
        if self._session is None:
            raise RuntimeError("WebhookSink.open() has not been awaited")
        now = self._clock()
        endpoint = Endpoint.read(delivery.settings, self._schemes, now=now)
        if isinstance(endpoint, str):
            return Retry(endpoint)
        async with self._sockets.one(delivery.destination):
            try:
                headers = self._headers(delivery, endpoint, int(now))
            except ConfigurationError:
                return Retry("the endpoint's secret can't be used")
            except PayloadError:
                return Reject("the event's id can't be signed")
            return await self._post(self._session, endpoint.url, headers, delivery.body)

    def _headers(self, delivery: Delivery, endpoint: Endpoint, now: int) -> dict[str, str]:
        headers = {
            **signing.headers(endpoint.secrets, delivery.id, now, delivery.body),
            "Content-Type": "application/json",
            "X-Fulfillment-Attempt": str(delivery.attempt),
        }
        # Whoever may keep a connection is counted here before it has one.
        crowded = max(self._open.count, self._sockets.in_use) > self._most_idle
        if crowded or not self._kept_alive.use(endpoint.url.origin(), time.monotonic()):
            headers["Connection"] = "close"
        return headers

    async def _post(
        self, session: aiohttp.ClientSession, url: URL, headers: dict[str, str], body: bytes
    ) -> Outcome:
        outcome: Outcome | None = None
        data = body if len(body) <= _ONE_BLOCK else io.BytesIO(body)
        post = session.post(url, data=data, headers=headers, allow_redirects=False)
        try:
            async with asyncio.timeout(self._timeout), post as response:
                outcome = read_answer(response.status, response.headers, self._clock())
                outcome = explained(outcome, await self._read_rest(response), sent=body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if outcome is None and _found_no_descriptor(error):
                raise OSError(errno.EMFILE, "no file descriptor is free") from None
            return outcome or Retry(cause(error))
        return outcome

    async def _read_rest(self, response: aiohttp.ClientResponse) -> bytes:
        """Read the answer's body within its bounds; where they cut it off, hang up."""
        try:
            async with asyncio.timeout(self._answer_seconds):
                chunks = response.content.iter_chunked(8192)
                read, whole = await beginning(chunks, self._max_answer)
        except TimeoutError:
            read, whole = b"", False
        if not whole:
            response.close()
        return read

    def _limit(self) -> None:
        most = descriptors.limit()
        self._open = Opened()
        self._sockets = Sockets(max(1, most // _UNDER_WAY), time.monotonic)
        self._most_idle = max(1, most // _IDLE)
        # aiohttp looks for idle connections once in the time that they may be idle.
        places = min(self._max_idle, self._most_idle)
        self._kept_alive = KeptAlive(places, 2 * _KEEP_ALIVE_SECONDS)

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        reason = self._allow(str(address[0]))
        if reason is not None:
            raise AddressRefused(reason)
        connection = self._open.socket(family, kind, protocol)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _found_no_descriptor(error: Exception) -> bool:
    if descriptors.none_left(getattr(error, "os_error", error)):
        return True
    # A look-up, or several addresses that fail, don't tell why.
    return isinstance(error, aiohttp.ClientConnectorError) and not descriptors.one_is_free()
